package bench;

import java.io.IOException;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;

/**
 * A contender in a process of its own, as those in Go are: it works until SIGTERM, and then writes its usage to standard
 * output. Its arguments are the topic of events, that of results, and settings, name=value.
 */
public final class Contender {
    private Contender() {}

    public static void main(String[] args) throws Exception {
        Properties settings = settings(args);
        KafkaStreams streams = new KafkaStreams(Windows.topology(args[0], args[1], settings), settings);
        Meter meter = new Meter();
        CountDownLatch failed = new CountDownLatch(1);
        streams.setStateListener((now, before) -> {
            if (now == KafkaStreams.State.RUNNING) {
                meter.begin();
            } else if (now == KafkaStreams.State.ERROR) {
                failed.countDown();
            }
        });
        streams.setUncaughtExceptionHandler(e -> {
            e.printStackTrace();
            return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
        streams.setGlobalStateRestoreListener(new Restores());
        Thread end = new Thread(() -> {
            meter.end(streams.metrics());
            streams.close();
            System.out.println(meter.report());
            System.out.flush();
        });
        Runtime.getRuntime().addShutdownHook(end);
        streams.start();
        failed.await();
        Runtime.getRuntime().halt(1);
    }

    /** The file, and what the arguments add to it. */
    private static Properties settings(String[] args) throws IOException {
        Properties settings = new Properties();
        try (var file = Contender.class.getResourceAsStream("/streams.properties")) {
            settings.load(file);
        }
        for (int i = 2; i < args.length; i++) {
            int at = args[i].indexOf('=');
            settings.setProperty(args[i].substring(0, at), args[i].substring(at + 1));
        }
        return settings;
    }
}
