package bench;

import java.time.Duration;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.WindowedSerdes;
import org.apache.kafka.streams.state.WindowStore;

/** Events to the tally of each experiment and variant in windows of ten seconds: what windows.go builds. */
final class Windows {
    private static final Duration SIZE = Duration.ofSeconds(10);
    private static final Duration GRACE = Duration.ofSeconds(5);

    private Windows() {}

    static Topology topology(String events, String results, Properties settings) {
        var builder = new StreamsBuilder();
        var source = Consumed.with(Serdes.ByteArray(), Event.SERDE)
            .withTimestampExtractor((record, latest) -> ((Event) record.value()).time());
        var tallies = Materialized.<String, Tally, WindowStore<Bytes, byte[]>>as("tallies")
            .withKeySerde(Serdes.String())
            .withValueSerde(Tally.SERDE);
        builder.stream(events, source)
            .selectKey((none, event) -> event.arm())
            .mapValues(Event::hundredths)
            .groupByKey(Grouped.with("by-arm", Serdes.String(), Serdes.Long()))
            .windowedBy(TimeWindows.ofSizeAndGrace(SIZE, GRACE))
            .aggregate(() -> Tally.NONE, (arm, hundredths, tally) -> tally.plus(hundredths), tallies)
            .toStream()
            .to(results, Produced.with(WindowedSerdes.timeWindowedSerdeFrom(String.class, SIZE.toMillis()), Tally.SERDE));
        return builder.build(settings);
    }
}
