package pipeline

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/codecs/event"
	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/processors/experiment/units"
	"github.com/abacus-stream/abacus/processors/experiment/verify"
)

// eventually waits until a condition holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			require.FailNow(t, "waited in vain", "%s", what)
		}
	}
}

// settle waits until everything produced so far is processed by both stages.
func (p *pipeline) settle() {
	p.t.Helper()
	eventually(p.t, "all records are processed", func() bool {
		return p.behind(p.events()) == 0 && p.behind(p.detour()) == 0 && p.behind(p.deltas()) == 0
	})
}

// finish settles, ends the input and waits until every record of the stats topic is closed and as
// verify says. Then it stops the processes, and looks at it all once more.
func (p *pipeline) finish(running ...*process) {
	p.t.Helper()
	p.settle()
	p.mark()
	p.settle()
	v := p.verifier(verify.Input{NeverIdle: true})
	p.closed(v)
	for _, x := range running {
		require.NoError(p.t, x.stop())
	}
	last := p.last(p.stats())
	require.Empty(p.t, v.CompareStats(last))
	var decisions [][]byte
	for _, r := range p.read(p.decisions()) {
		decisions = append(decisions, r.Value)
	}
	require.Empty(p.t, v.CompareDecisions(decisions, last))
	letters := map[string]int64{}
	for _, r := range p.read(p.deadLetters()) {
		letters[header(r, "abacus.reason")]++
	}
	require.Equal(p.t, v.DeadLetters(), letters, "dead letters by reason")
}

// told waits until the stats topic says all that is processed: a window is told of once a second.
func (p *pipeline) told() {
	p.t.Helper()
	v := p.verifier(verify.Input{NeverIdle: true})
	eventually(p.t, "the stats topic is as verify says", func() bool { return len(v.CompareStats(p.last(p.stats()))) == 0 })
}

// mark produces the end-of-input marks of all experiments to each partition: at the end, and so far ahead that the longest window
// closes behind them.
func (p *pipeline) mark() {
	p.t.Helper()
	const minute = 60_000
	grace := int64(0)
	for _, e := range p.entries {
		grace = max(grace, int64(e.Latest().Definition.Grace))
	}
	var marks []*kgo.Record
	for _, at := range []int64{p.end, p.end + grace + minute + 6000} {
		for _, e := range p.entries {
			for n := range p.setup.partitions {
				m := event.Event{ID: fmt.Appendf(nil, "end-%d", n), Type: []byte(units.EndOfInput), Experiment: []byte(e.Experiment), Time: at}
				mark := &kgo.Record{Topic: p.events(), Partition: n, Value: event.Append(nil, &m)}
				if p.setup.createTime {
					mark.Timestamp = time.UnixMilli(m.Time)
				}
				marks = append(marks, mark)
			}
		}
	}
	p.produce(marks...)
}

// closed waits until no record is open and all that verify expects is there.
func (p *pipeline) closed(v *verify.Verifier) {
	p.t.Helper()
	var left []verify.Difference
	defer func() {
		if p.t.Failed() {
			p.t.Logf("differences at the end: %+v", left[:min(len(left), 10)])
		}
	}()
	eventually(p.t, "all records are closed and as verify says", func() bool {
		last := p.last(p.stats())
		if !p.allClosed(last) {
			return false
		}
		left = v.CompareStats(last)
		return len(left) == 0
	})
}

func (p *pipeline) allClosed(last map[string][]byte) bool {
	p.t.Helper()
	for _, value := range last {
		if !p.record(value).Closed {
			return false
		}
	}
	return true
}

func (p *pipeline) record(value []byte) *result.Record {
	p.t.Helper()
	var rec *result.Record
	require.NoError(p.t, result.Codec.Parse(value, &rec))
	return rec
}

// total is the last total of an experiment.
func (p *pipeline) total(experiment string) *result.Record {
	p.t.Helper()
	value := p.last(p.stats())[result.TotalKey(experiment)]
	require.NotNil(p.t, value, "total of %s", experiment)
	return p.record(value)
}

// verifier has read everything that was produced.
func (p *pipeline) verifier(in verify.Input) *verify.Verifier {
	p.t.Helper()
	in.Prefix, in.Partitions, in.Entries = p.prefix, int(p.setup.partitions), p.entries
	for _, r := range p.read(p.changelog(units.Store)) {
		if a, ok, err := units.ParseAdoption(r.Key, r.Value); ok && r.Value != nil {
			require.NoError(p.t, err)
			in.Adoptions = append(in.Adoptions, verify.Adoption{Experiment: a.Experiment, Run: a.Run, Version: a.Version, Partition: r.Partition, Offset: a.Offset})
		}
	}
	v, err := verify.New(in)
	require.NoError(p.t, err)
	for _, r := range p.read(p.events()) {
		v.Event(verify.Record{Topic: r.Topic, Partition: r.Partition, Offset: r.Offset, Appended: r.Timestamp.UnixMilli(), Key: r.Key, Value: r.Value})
	}
	return v
}

func header(r *kgo.Record, key string) string {
	for _, h := range r.Headers {
		if h.Key == key {
			return string(h.Value)
		}
	}
	return ""
}
