package pipeline

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/processors/experiment/verify"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/worker"
)

// Events that another partitioner has put elsewhere, events with another key than their unit, and
// events without a key are counted with their unit, once; a bad one names its original place.
func TestAMisplacedRecordIsReroutedCountedAndExact(t *testing.T) {
	onEach(t, func(t *testing.T, k kafka) {
		p, f := k.pipeline(t, setup{}), newTraffic(9, 80, minutesAgo(20), 40)
		f.calm = true
		p.register(patient(button), patient(wording), ranker) // within grace, when a record arrives decides nothing
		x := p.start(worker.Config{Workers: 2})
		events := f.next(1500)
		for i := range events {
			switch e := &events[i]; {
			case i%3 == 1 && e.key != nil:
				e.shift = int32(1 + i%3)
			case i%10 == 2 && e.key != nil:
				e.key = []byte("somebody else")
			case i%10 == 6:
				e.key = nil
			}
		}
		p.send(events...)
		p.settle()
		lost := exposure("blue", p.unitIn(0, 0), "button", "blue", f.start+60_000)
		lost.shift = 2
		place := p.send(lost)[0]
		p.finish(x)

		rerouted := p.read(p.detour())
		require.Greater(t, len(rerouted), 400)
		require.EqualValues(t, len(rerouted), x.counter("rerouted"))
		require.Len(t, rerouted, p.misplaced())
		var found *kgo.Record
		for _, r := range p.read(p.deadLetters()) {
			if header(r, "abacus.reason") == "unknown_variant" {
				found = r
			}
		}
		require.NotNil(t, found)
		require.Equal(t, fmt.Sprintf("%s/2/%d", p.events(), place.Offset), header(found, "abacus.source"))
		require.Equal(t, string(lost.value), string(found.Value))
		expected := p.verifier(verify.Input{}).Expected()
		require.Equal(t, expected["button"].Units, p.total("button").Units)
	})
}

// misplaced is how many good events on units lie in another partition than their unit's or have
// another key.
func (p *pipeline) misplaced() (n int) {
	for _, r := range p.read(p.events()) {
		var e struct{ Unit, Value any }
		require.NoError(p.t, json.Unmarshal(r.Value, &e))
		unit, _ := e.Unit.(string)
		if unit == "" || e.Value == "12,50" {
			continue
		}
		if string(r.Key) != unit || r.Partition != topology.PartitionOf([]byte(unit), int(p.setup.partitions)) {
			n++
		}
	}
	return n
}
