import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;
import org.apache.flink.types.Row;

/**
 * Explains or runs jobs on Flink, one after the other in this process, for flink.py.
 *
 * <p>A job is a file of statements with a NUL between them. FILE.out gets "done" or why it failed, and
 * below it the rows of its SELECTs.
 */
public class FlinkJobs {
    /** Reads no further in a query when its second columns have added up to this; then it is stopped. */
    private static final String ENOUGH = "SET 'enough' = ";

    private final TableEnvironment tables = TableEnvironment.create(EnvironmentSettings.inStreamingMode());
    private final List<String> rows = new ArrayList<>();
    private final boolean runs;
    private long enough = Long.MAX_VALUE;

    private FlinkJobs(boolean runs) {
        this.runs = runs;
    }

    public static void main(String[] arguments) throws Exception {
        endWithWhoStartedThis();
        for (String path : List.of(arguments).subList(1, arguments.length)) {
            FlinkJobs job = new FlinkJobs(arguments[0].equals("run"));
            String end = job.endOf(Files.readString(Path.of(path)));
            job.rows.add(0, end);
            Files.write(Path.of(path + ".out"), job.rows);
        }
        System.exit(0);
    }

    private static void endWithWhoStartedThis() {
        Thread leash = new Thread(() -> {
            try {
                System.in.read();
            } catch (java.io.IOException gone) {
                // Then there is nobody to work for, just as at the end of the input.
            }
            Runtime.getRuntime().halt(1);
        });
        leash.setDaemon(true);
        leash.start();
    }

    private String endOf(String text) {
        try {
            for (String statement : text.split("\0")) {
                take(statement);
            }
            return "done";
        } catch (Exception error) {
            Throwable cause = error;
            while (cause.getCause() != null) {
                cause = cause.getCause();
            }
            return String.valueOf(cause.getMessage()).replaceAll("\\s+", " ");
        }
    }

    private void take(String statement) throws Exception {
        String verb = statement.split("\\s", 2)[0].toUpperCase();
        if (statement.startsWith(ENOUGH)) {
            enough = Long.parseLong(statement.substring(ENOUGH.length()));
        } else if (verb.equals("SET")) {
            String[] parts = statement.split("'");
            tables.getConfig().set(parts[1], parts[3]);
        } else if (verb.equals("CREATE")) {
            // A table from what is selected is a job.
            tables.executeSql(statement).await();
        } else if (!runs) {
            tables.explainSql(statement);
        } else if (verb.equals("SELECT")) {
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
                rows.add(row.toString());
                total += enough == Long.MAX_VALUE ? 0 : (Long) row.getField(1);
            }
        }
    }
}
