package processors_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/processors"
	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

// start is 00:00 of the stories: the wall time at which a driver begins.
var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()

// epoch reads t=MM:SS.
func epoch(t *testing.T, text string) int64 {
	var minute, second int64
	_, err := fmt.Sscanf(text, "t=%d:%d", &minute, &second)
	require.NoError(t, err, text)
	return start + (minute*60+second)*1000
}

// clock prints a time as MM:SS, with ms where it has any.
func clock(ms int64) string {
	text := fmt.Sprintf("%02d:%02d", (ms-start)/60000, (ms-start)/1000%60)
	if into := (ms - start) % 1000; into != 0 {
		text += fmt.Sprintf(".%03d", into)
	}
	return text
}

func window(start, end int64) string { return "[" + clock(start) + "," + clock(end) + ")" }

// none is the text of a record without value.
const none = "~"

// encode turns the text of a value into what the topic holds: int64 in orders, text elsewhere.
func encode(topic, value string) []byte {
	if value == none {
		return nil
	}
	n, err := strconv.ParseInt(value, 10, 64)
	if topic != "orders" || err != nil { // in orders an undecodable record
		return []byte(value)
	}
	data, _ := codecs.Int64.Append(nil, n) // never fails
	return data
}

// show prints a key or a value: windows, numbers, text, and nothing for none.
func show(data []byte) string {
	if data == nil {
		return "deleted"
	}
	w := processors.Windowed[string]{}
	windowed := processors.WindowedCodec[string]{Key: codecs.String}
	switch {
	case len(data) > 17 && data[0] == 1 && windowed.Parse(data, &w) == nil:
		return w.Key + "@" + window(w.Start, w.End)
	case len(data) == 8 && (data[0] == 0 || data[0] == 0xff):
		n, _ := codecs.Int64.Decode(data)
		return fmt.Sprint(n)
	}
	return string(data)
}

// observer prints records as they appear.
type observer struct {
	d    *topologytest.Driver
	seen map[string]int // records of topic/partition
	text strings.Builder
}

func (o *observer) look(topo *topology.Topology) {
	for _, topic := range outputs(topo) {
		count := map[int32]int{}
		for _, r := range o.d.Records(topic) {
			place := fmt.Sprintf("%s/%d", topic, r.Partition)
			if count[r.Partition]++; count[r.Partition] > o.seen[place] {
				fmt.Fprintln(&o.text, printed(topic, r))
				o.seen[place]++
			}
		}
	}
}

// outputs are the topics that a topology writes for others.
func outputs(topo *topology.Topology) (topics []string) {
	for _, s := range topo.Subs {
		for _, sink := range s.Sinks {
			if !sink.Repartition {
				topics = append(topics, sink.Topic)
			}
		}
	}
	return append(topics, topo.App+".late", topo.App+".dlq")
}

func printed(topic string, r topologytest.Record) string {
	h := r.HeaderMap()
	line := strings.TrimPrefix(topic, "app.") + " " + show(r.Key) + " " + show(r.Value)
	switch topic {
	case "app.late":
		var from, to int64
		_, _ = fmt.Sscanf(h["abacus.window"], "[%d,%d)", &from, &to)
		line += " window " + window(from, to) + " lateness " + h["abacus.lateness_ms"] + " from " + h["abacus.source"]
	case "app.dlq":
		line += " " + h["abacus.reason"] + ": " + h["abacus.error"] + " from " + h["abacus.source"]
	}
	return line
}

// ending is what must not depend on restarts: the last value of each key, all that was put aside,
// and the state, which must be what the changelogs say.
func ending(t *testing.T, d *topologytest.Driver, topo *topology.Topology) string {
	var all []string
	for _, topic := range outputs(topo) {
		if strings.HasPrefix(topic, topo.App+".") {
			for _, r := range d.Records(topic) {
				line, _, _ := strings.Cut(printed(topic, r), " from app-") // offsets of internal topics depend on aborts
				all = append(all, line)
			}
			continue
		}
		for key, value := range d.Last(topic) {
			all = append(all, topic+" "+show([]byte(key))+" "+show(value))
		}
	}
	slices.Sort(all)
	return strings.Join(append(all, stored(t, d, topo)...), "\n")
}

// stored prints the rows of the stores and checks them against the changelogs.
func stored(t *testing.T, d *topologytest.Driver, topo *topology.Topology) (all []string) {
	for _, s := range topo.Subs {
		for _, store := range s.Stores[:len(s.Stores)-1] {
			rows := d.RawRows(store.Name)
			if store.SourceTopic == "" { // else the changelog has records that are still to be read
				require.Equal(t, logged(d, s.Changelog(store)), rows, "store %s is not what its changelog says", store.Name)
			}
			for _, key := range slices.Sorted(maps.Keys(rows)) {
				all = append(all, fmt.Sprintf("row %s %s %x", store.Name, show([]byte(key)), rows[key]))
			}
		}
	}
	return all
}

// logged are the rows that a changelog comes to.
func logged(d *topologytest.Driver, changelog string) map[string][]byte {
	rows, floor := d.Last(changelog), map[int32]string{}
	for _, r := range d.Records(changelog) {
		if below, trimmed := state.Trimmed(r.Key, r.Value); trimmed {
			floor[r.Partition] = string(below)
		}
	}
	for _, r := range d.Records(changelog) {
		if string(r.Key) < floor[r.Partition] {
			delete(rows, string(r.Key))
		}
	}
	return rows
}

// disturbances are what may happen to an app behind a record that it has not committed.
var disturbances = map[string]func(t *testing.T, d *topologytest.Driver){
	"restart": func(_ *testing.T, d *topologytest.Driver) { d.Restart() },
	"wipe":    func(_ *testing.T, d *topologytest.Driver) { d.Wipe() },
	"restart without commit": func(_ *testing.T, d *topologytest.Driver) {
		work(d)
		d.Restart()
	},
	"crash after flush":   crash(topologytest.AfterFlush),
	"crash after produce": crash(topologytest.AfterProduce),
	"crash after offsets": crash(topologytest.AfterOffsets),
	"crash after end":     crash(topologytest.AfterEndTxn),
	"crash after batch":   crash(topologytest.AfterBatch),
}

func work(d *topologytest.Driver) {
	for d.Step() {
	}
}

// crash processes, then crashes in the commit. Invariant: state after an aborted transaction
// equals state before it, and so do the logs.
func crash(at topologytest.Step) func(t *testing.T, d *topologytest.Driver) {
	return func(t *testing.T, d *topologytest.Driver) {
		work(d)
		before := ending(t, d, d.Topology())
		d.CrashAt(at)
		d.Commit()
		if at < topologytest.AfterEndTxn {
			require.Equal(t, before, ending(t, d, d.Topology()), "state after an aborted transaction")
		}
	}
}
