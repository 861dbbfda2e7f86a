import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.stream.Stream;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.CoreOptions;
import org.apache.flink.configuration.DeploymentOptions;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.configuration.RestOptions;
import org.apache.flink.configuration.TaskManagerOptions;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.minicluster.MiniClusterConfiguration;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.ExplainDetail;
import org.apache.flink.table.api.TableEnvironment;
import org.apache.flink.types.Row;

/**
 * Explains or runs jobs on Flink in this process, one after the other for flink.py, and as many side by side
 * as it is told for differential.py.
 *
 * <p>A line of stdin is "explain FILE", "plan FILE", "run FILE", "batch FILE" or "values FILE", and an empty one is
 * the last. A job is a file of statements with a NUL between them. FILE.out gets "done" or why it failed, and below it
 * the rows of its SELECTs, for "values" one field a line, or their types where they are only explained, or their
 * plans; then FILE is told on stdout. Only "batch" knows no changes: it reads all first, and gives what it comes to.
 */
public class FlinkJobs {
    /** Reads no further in a query when its second columns have added up to this; then it is stopped. */
    private static final String ENOUGH = "SET 'enough' = ";

    private final TableEnvironment tables;
    private final List<String> rows = new ArrayList<>();
    private final String verb;
    private long enough = Long.MAX_VALUE;

    private FlinkJobs(String verb, Configuration settings) {
        this.verb = verb;
        EnvironmentSettings.Builder mode = EnvironmentSettings.newInstance();
        mode = verb.equals("batch") ? mode.inBatchMode() : mode.inStreamingMode();
        tables = TableEnvironment.create(mode.withConfiguration(settings).build());
    }

    public static void main(String[] arguments) throws Exception {
        BlockingQueue<String> asked = asked();
        if (arguments.length == 0) {
            work(asked, new Configuration());
            System.exit(0);
        }
        int workers = Integer.parseInt(arguments[0]);
        Configuration cluster = cluster(workers);
        for (int worker = 0; worker < workers; worker++) {
            new Thread(() -> work(asked, cluster)).start();
        }
    }

    private static void work(BlockingQueue<String> asked, Configuration settings) {
        try {
            for (String line = asked.take(); !line.isEmpty(); line = asked.take()) {
                String[] parts = line.split(" ", 2);
                FlinkJobs job = new FlinkJobs(parts[0], settings);
                String end = job.endOf(Files.readString(Path.of(parts[1])));
                job.rows.add(0, end);
                Files.write(Path.of(parts[1] + ".out"), job.rows);
                System.out.println(parts[1]);
            }
        } catch (InterruptedException | IOException error) {
            error.printStackTrace();
            Runtime.getRuntime().halt(1);
        }
    }

    /** What is asked on stdin; at its end there is nobody to work for. */
    private static BlockingQueue<String> asked() {
        BlockingQueue<String> asked = new LinkedBlockingQueue<>();
        Thread leash = new Thread(() -> {
            BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
            try {
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    asked.add(line);
                }
            } catch (IOException gone) {
                // Just as at the end.
            }
            Runtime.getRuntime().halt(1);
        });
        leash.setDaemon(true);
        leash.start();
        return asked;
    }

    /** How to reach one cluster for all jobs, so many at a time: without it each starts one of its own. */
    private static Configuration cluster(int workers) throws Exception {
        Configuration settings = new Configuration();
        settings.set(CoreOptions.CLASSLOADER_RESOLVE_ORDER, "parent-first");
        settings.set(RestOptions.BIND_PORT, "0");
        settings.set(RestOptions.ADDRESS, "localhost");
        settings.set(TaskManagerOptions.MANAGED_MEMORY_SIZE, MemorySize.ofMebiBytes(64L * workers));
        MiniCluster cluster = new MiniCluster(new MiniClusterConfiguration.Builder()
                .setConfiguration(settings)
                .setNumTaskManagers(1)
                // Those of a job are not free yet when its rows are read.
                .setNumSlotsPerTaskManager(4 * workers)
                .build());
        cluster.start();
        Configuration reached = new Configuration(settings);
        reached.set(DeploymentOptions.TARGET, "remote");
        reached.set(RestOptions.ADDRESS, cluster.getRestAddress().get().getHost());
        reached.set(RestOptions.PORT, cluster.getRestAddress().get().getPort());
        return reached;
    }

    private String endOf(String text) {
        try {
            for (String statement : text.split("\0")) {
                take(statement);
            }
            return "done";
        } catch (Throwable error) {
            Throwable cause = error;
            while (cause.getCause() != null) {
                cause = cause.getCause();
            }
            Stream<StackTraceElement> frames = Stream.of(cause.getStackTrace());
            frames = frames.filter(at -> !at.getClassName().endsWith("Preconditions"));
            String where = frames.findFirst().map(at -> " at " + at).orElse("");
            String why = cause.getMessage() == null ? cause + where : cause.getMessage();
            return why.replaceAll("\\s+", " ");
        }
    }

    private void take(String statement) throws Exception {
        String first = statement.split("\\s", 2)[0].toUpperCase();
        boolean isQuery = first.equals("SELECT") || first.equals("WITH");
        if (statement.startsWith(ENOUGH)) {
            enough = Long.parseLong(statement.substring(ENOUGH.length()));
        } else if (first.equals("SET")) {
            String[] parts = statement.split("'");
            tables.getConfig().set(parts[1], parts[3]);
        } else if (first.equals("CREATE")) {
            // A table from what is selected is a job.
            tables.executeSql(statement).await();
        } else if (verb.equals("plan")) {
            String plan = tables.explainSql(statement, ExplainDetail.CHANGELOG_MODE);
            rows.addAll(plan.substring(plan.indexOf("== Optimized Physical Plan ==")).lines().toList());
        } else if (verb.equals("explain")) {
            tables.explainSql(statement);
            if (isQuery) {
                rows.add(tables.sqlQuery(statement).getResolvedSchema().getColumnDataTypes().toString());
            }
        } else if (isQuery) {
            read(statement);
        } else {
            tables.executeSql(statement).await();
        }
    }

    private void read(String query) throws Exception {
        long total = 0;
        try (var found = tables.executeSql(query).collect()) {
            while (total < enough && found.hasNext()) {
                Row row = found.next();
                if (verb.equals("values")) {
                    for (int place = 0; place < row.getArity(); place++) {
                        rows.add(Row.of(row.getField(place)).toString().replace("\n", "\\n"));
                    }
                } else {
                    rows.add(row.toString());
                }
                total += enough == Long.MAX_VALUE ? 0 : (Long) row.getField(1);
            }
        }
    }
}
