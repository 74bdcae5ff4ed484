package bench;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;

/** The usage of this process from when it could take its first record, as meter.go takes it. */
final class Meter {
    private final OperatingSystemMXBean process = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    private long wall;
    private long cpu;
    private long dropped;
    private boolean begun;

    /** Only the first call counts. */
    synchronized void begin() {
        if (!begun) {
            begun = true;
            wall = System.nanoTime();
            cpu = process.getProcessCpuTime();
        }
    }

    synchronized void end(Map<MetricName, ? extends Metric> metrics) {
        wall = System.nanoTime() - wall;
        cpu = process.getProcessCpuTime() - cpu;
        dropped = 0;
        metrics.forEach((name, metric) -> {
            if (name.name().equals("dropped-records-total") && name.group().equals("stream-task-metrics")) {
                dropped += ((Number) metric.metricValue()).longValue();
            }
        });
    }

    /** JSON for the parent process: usage of meter.go. */
    synchronized String report() {
        return String.format("{\"cpu\":%d,\"wall\":%d,\"peak\":%d,\"dropped\":%d}", cpu, wall, peak(), dropped);
    }

    private static long peak() {
        try {
            for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
                if (line.startsWith("VmHWM:")) {
                    return Long.parseLong(line.replaceAll("[^0-9]", "")) << 10;
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        throw new IllegalStateException("no VmHWM in /proc/self/status");
    }
}
