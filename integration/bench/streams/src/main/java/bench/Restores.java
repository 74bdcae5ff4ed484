package bench;

import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.streams.processor.StateRestoreListener;

/** Says on standard error what was restored from changelogs. */
final class Restores implements StateRestoreListener {
    @Override
    public void onRestoreStart(TopicPartition partition, String store, long from, long to) {
        System.err.printf("restore of %s begins: offsets %d to %d%n", partition, from, to);
    }

    @Override
    public void onBatchRestored(TopicPartition partition, String store, long to, long records) {}

    @Override
    public void onRestoreEnd(TopicPartition partition, String store, long records) {
        System.err.printf("restore of %s ends: %d records%n", partition, records);
    }
}
