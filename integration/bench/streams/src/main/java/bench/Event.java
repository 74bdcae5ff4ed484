package bench;

import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

/** What the topology needs of an event: experiment|variant, value in hundredths, event time in Unix ms. */
record Event(String arm, long hundredths, long time) {
    static final Serde<Event> SERDE = Serdes.serdeFrom(
        (topic, event) -> {
            throw new UnsupportedOperationException("events are only read");
        },
        (topic, json) -> new Scanner(json).event());
}
