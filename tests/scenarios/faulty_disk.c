/* A disk that misbehaves, put in front of the system's own calls by the dynamic linker.
 *
 *   FAULT_PATH   of files in whose path this stands
 *   FAULT        what goes wrong:
 *     unsynced     nothing is ever synced, and said to be
 *     late         what is written is said to be, and is 30 ms later
 *     write        a write fails
 *     short        a write is done in part
 *     full         a write is done in part, and there is no space for the rest
 *     sync         a sync fails; another one after that ends the process
 *   FAULT_AFTER  after how many such calls; once, and then no more
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static atomic_int calls, fails;

static int is(const char *fault) {
    const char *set = getenv("FAULT");
    return set && strcmp(set, fault) == 0;
}

static int is_meant(int file) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    const char *part = getenv("FAULT_PATH");
    return part && strstr(path, part);
}

static int is_due(void) {
    const char *after = getenv("FAULT_AFTER");
    return after && atomic_fetch_add(&calls, 1) == atoi(after);
}

static int fail(int error) {
    errno = error;
    return -1;
}

static ssize_t really_write(int file, const void *bytes, size_t length, off64_t at) {
    ssize_t (*real)(int, const void *, size_t, off64_t) = dlsym(RTLD_NEXT, "pwrite64");
    return real(file, bytes, length, at);
}

/* What is late is late in its order, as what a process has not written is when it dies: only what
 * comes last is missing. */
static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t next = PTHREAD_COND_INITIALIZER;
static unsigned long given, written;

struct late {
    unsigned long number;
    int file;
    off64_t at;
    size_t length;
    char bytes[];
};

static void *write_late(void *of) {
    struct late *late = of;
    usleep(30000);
    pthread_mutex_lock(&order);
    while (written != late->number) pthread_cond_wait(&next, &order);
    really_write(late->file, late->bytes, late->length, late->at);
    written++;
    pthread_cond_broadcast(&next);
    pthread_mutex_unlock(&order);
    free(late);
    return NULL;
}

static ssize_t later(int file, const void *bytes, size_t length, off64_t at) {
    struct late *late = malloc(sizeof *late + length);
    pthread_t thread;
    pthread_mutex_lock(&order);
    *late = (struct late){given++, file, at, length};
    pthread_mutex_unlock(&order);
    memcpy(late->bytes, bytes, length);
    pthread_create(&thread, NULL, write_late, late);
    pthread_detach(thread);
    return length;
}

ssize_t pwrite64(int file, const void *bytes, size_t length, off64_t at) {
    if (!is_meant(file)) return really_write(file, bytes, length, at);
    if (is("late")) return later(file, bytes, length, at);
    if (is("full") && atomic_load(&fails)) {
        atomic_store(&fails, 0);
        return fail(ENOSPC);
    }
    if (is("write") && is_due()) return fail(EIO);
    if ((is("short") || is("full")) && length > 1 && is_due()) {
        atomic_store(&fails, is("full"));
        return really_write(file, bytes, length / 2, at);
    }
    return really_write(file, bytes, length, at);
}

static int sync_by(const char *name, int file) {
    int (*real)(int) = dlsym(RTLD_NEXT, name);
    if (is("unsynced")) return 0;
    if (is("sync") && is_meant(file)) {
        if (atomic_load(&fails)) abort();
        if (is_due()) {
            atomic_store(&fails, 1);
            return fail(EIO);
        }
    }
    return real(file);
}

int fdatasync(int file) { return sync_by("fdatasync", file); }

int fsync(int file) { return sync_by("fsync", file); }
