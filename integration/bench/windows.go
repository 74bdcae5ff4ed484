package bench

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/codecs/event"
	"github.com/abacus-stream/abacus/processors"
	"github.com/abacus-stream/abacus/topology"
)

// runWindows runs the topology of the contender Kafka Streams on our library, as a user would, until ctx ends.
func runWindows(ctx context.Context, j job, m *meter) error {
	app, err := newApp(j, "", func(b *topology.Builder) { buildWindows(b, j.events(), j.results()) }, m)
	if err != nil {
		return err
	}
	return app.Run(ctx)
}

// buildWindows tallies the values of events by experiment and variant in windows of ten seconds.
func buildWindows(b *topology.Builder, events, results string) {
	source := topology.FromTimed(b, events, codecs.Bytes, event.Codec, func(rec *topology.Record[[]byte, event.Event], _ *topology.Source) (int64, bool) {
		return rec.Value.Time, true
	})
	byArm := processors.SelectKey(source, "by-arm", func(_ []byte, e event.Event) string {
		return string(e.Experiment) + "|" + string(e.Variant)
	})
	values := processors.MapValues(byArm, "values", func(e event.Event) int64 {
		hundredths, _, _ := e.Value.Scaled(2)
		return hundredths
	})
	grouped := processors.GroupByKey(topology.WithCodecs(values, codecs.String, codecs.Int64), "arms")
	windows := processors.Window(grouped, processors.Tumbling{Size: 10 * time.Second, Grace: 5 * time.Second})
	tallies := processors.AggregateWindows(windows, "tallies", tallyCodec{}, func(t tally, _ string, hundredths int64) (tally, error) {
		return tally{t.count + 1, t.sum + hundredths}, nil
	})
	topology.To(tallies, results)
}

// tally is how many values there were, and their sum in hundredths.
type tally struct{ count, sum int64 }

// tallyCodec is 8 bytes each, big endian.
type tallyCodec struct{}

func (tallyCodec) Append(dst []byte, t tally) ([]byte, error) {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(dst, uint64(t.count)), uint64(t.sum)), nil
}

func (tallyCodec) Parse(data []byte, t *tally) error {
	if len(data) != 16 {
		return fmt.Errorf("tally of %d bytes, not 16", len(data))
	}
	*t = tally{int64(binary.BigEndian.Uint64(data)), int64(binary.BigEndian.Uint64(data[8:]))}
	return nil
}
