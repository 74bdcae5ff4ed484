package bench;

import java.nio.ByteBuffer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

/** How many values there were, and their sum in hundredths: 8 bytes each, big endian, as the tally of windows.go. */
record Tally(long count, long sum) {
    static final Tally NONE = new Tally(0, 0);

    static final Serde<Tally> SERDE = Serdes.serdeFrom(
        (topic, tally) -> tally == null ? null : ByteBuffer.allocate(16).putLong(tally.count).putLong(tally.sum).array(),
        (topic, bytes) -> {
            if (bytes == null) {
                return null;
            }
            ByteBuffer in = ByteBuffer.wrap(bytes);
            return new Tally(in.getLong(), in.getLong());
        });

    Tally plus(long hundredths) {
        return new Tally(count + 1, sum + hundredths);
    }
}
