package pipeline

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/codecs/decision"
	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/units"
	"github.com/abacus-stream/abacus/processors/registry"
	"github.com/abacus-stream/abacus/topology/worker"
)

const guarded = `
experiment: %s
variants: {A: 1, B: 1}
control: A
start: 2025-12-01T00:00:00Z
metrics:
  - {name: bought, kind: conversion, event: purchase, window: 1h, primary: true}
  - {name: errors, kind: conversion, event: error, window: 2s, goal: decrease, guardrail: true, on_harm: %s}
`

// crowd is what 20 units of each arm do in a second: they are exposed, and of some one in so many makes an error.
func crowd(name string, at int64, n int, everyA, everyB int) (events []input) {
	for i := range 20 {
		for arm, every := range map[string]int{"A": everyA, "B": everyB} {
			if every == 0 {
				continue
			}
			unit := fmt.Sprintf("%s-%s-%d-%d", name, arm, n, i)
			events = append(events, exposure("x", unit, name, arm, at+int64(i)))
			if i%every == 0 {
				events = append(events, input{key: []byte(unit), ts: at + 500, value: fmt.Appendf(nil, `{"id":"e","type":"error","unit":%q,"ts":%d}`, unit, at+500)})
			}
		}
	}
	return events
}

// inTime sends events in the order of their times.
func (p *pipeline) inTime(events []input) {
	p.t.Helper()
	slices.SortStableFunc(events, func(a, b input) int { return cmp.Compare(a.ts, b.ts) })
	p.send(events...)
}

// decided are the committed decisions, by id, with the records that hold them; each is there once.
func (p *pipeline) decided() map[string]*kgo.Record {
	p.t.Helper()
	all := map[string]*kgo.Record{}
	for _, rec := range p.visible(p.decisions()) {
		var d *decision.Record
		require.NoError(p.t, decision.Codec.Parse(rec.Value, &d))
		require.NotContains(p.t, all, d.ID, "decided twice")
		all[d.ID] = rec
	}
	return all
}

// ruled is a pipeline whose experiments the registry rules, as in abacus run.
type ruled struct {
	*pipeline
	cfg  registry.Config
	view *registry.View
}

// rule hosts the registry and applies definitions, until stop or the end of the test.
func (p *pipeline) rule(documents ...string) (r *ruled, stop func()) {
	p.t.Helper()
	r = &ruled{pipeline: p, cfg: registry.Config{Brokers: p.brokers, Prefix: p.prefix, Now: func() int64 { return time.Now().UnixMilli() }}}
	ctx, cancel := context.WithCancel(context.Background())
	hosted, viewed := make(chan error, 1), make(chan error, 1)
	go func() { hosted <- registry.Run(ctx, r.cfg) }()
	var err error
	r.view, err = registry.NewView(ctx, r.cfg)
	require.NoError(p.t, err)
	go func() { viewed <- r.view.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		require.NoError(p.t, <-hosted)
		require.NoError(p.t, <-viewed)
	})
	p.t.Cleanup(stop)
	var definitions []*experiment.Definition
	for _, text := range documents {
		def, err := experiment.Parse([]byte(text))
		require.NoError(p.t, err)
		definitions = append(definitions, def)
	}
	limited, done := p.context()
	defer done()
	_, err = registry.Apply(limited, r.cfg, definitions...)
	require.NoError(p.t, err)
	return r, stop
}

// acted waits until the registry has taken that many decisions of an experiment, and gives its entry.
func (r *ruled) acted(name string, decisions int) *experiment.Entry {
	r.t.Helper()
	eventually(r.t, "the registry acts on "+name, func() bool { e := r.view.Entry(name); return e != nil && len(e.Decisions) >= decisions })
	return r.view.Entry(name)
}

// knows waits until every task of the first stage has adopted a version.
func (r *ruled) knows(name string, version int64) {
	r.t.Helper()
	eventually(r.t, "all tasks know the version", func() bool {
		partitions := map[int32]bool{}
		for _, rec := range r.visible(r.changelog(units.Store)) {
			a, ok, err := units.ParseAdoption(rec.Key, rec.Value)
			require.NoError(r.t, err)
			if ok && a.Experiment == name && a.Version == version {
				partitions[rec.Partition] = true
			}
		}
		return len(partitions) == int(r.setup.partitions)
	})
}

// again sends a decision once more and waits until the registry has read it.
func (r *ruled) again(rec *kgo.Record) {
	r.t.Helper()
	r.produce(&kgo.Record{Topic: r.decisions(), Key: rec.Key, Value: rec.Value})
	eventually(r.t, "the registry has read the decision again", func() bool {
		ctx, cancel := r.context()
		defer cancel()
		ends, err := r.admin.ListEndOffsets(ctx, r.decisions())
		require.NoError(r.t, err)
		read, err := r.admin.FetchOffsets(ctx, r.cfg.Group())
		require.NoError(r.t, err)
		end, _ := ends.Lookup(r.decisions(), 0)
		at, ok := read.Lookup(r.decisions(), 0)
		return ok && at.At >= end.Offset
	})
}

// A harmful arm and a broken split are stopped: the engine decides, the registry ends the run two seconds later, every task knows by
// then, and what comes after the end counts no more. A guardrail that alerts ends nothing. The same log decides the same.
func TestGuardrailsStopHarm(t *testing.T) {
	onEach(t, func(t *testing.T, k kafka) {
		p := k.pipeline(t, setup{})
		r, quit := p.rule(fmt.Sprintf(guarded, "harm", "stop"), fmt.Sprintf(guarded, "tell", "alert"),
			fmt.Sprintf(guarded, "lopsided", "stop"), fmt.Sprintf(guarded, "fine", "stop"))
		x := p.start(worker.Config{})
		begin, seconds := time.Now().Truncate(time.Second).UnixMilli()-60_000, 25
		for n := range seconds {
			at := begin + int64(n)*1000
			p.inTime(slices.Concat(crowd("harm", at, n, 20, 2), crowd("tell", at, n, 20, 2), crowd("lopsided", at, n, 20, 0), crowd("fine", at, n, 4, 5)))
		}
		harm, lopsided, tell := r.acted("harm", 1), r.acted("lopsided", 1), r.acted("tell", 1)
		made := p.decided()
		for name, e := range map[string]*experiment.Entry{"harm|1|errors|B": harm, "lopsided|1|split|": lopsided} {
			require.Equal(t, []any{experiment.Stopped, int64(2), name}, []any{e.State, e.Decisions[0].Version, e.Latest().Command})
			r.knows(e.Experiment, 2)
			known := time.Since(time.UnixMilli(e.Decisions[0].Accepted))
			t.Logf("%s: every task and every view knew of the end at most %s after the registry, which sets it 2 s ahead", name, known)
			require.Less(t, known, 30*time.Second)
		}
		require.Equal(t, []any{experiment.Running, 1, int64(0)}, []any{tell.State, len(tell.Versions), tell.Decisions[0].Version})
		require.Len(t, made, 3, "what is fine is left alone")

		r.again(made["harm|1|errors|B"])
		require.Equal(t, harm, r.view.Entry("harm"), "a decision that comes again is one")
		require.NoError(t, x.stop())
		x = p.start(worker.Config{}) // it has no disk: what was decided is in the changelog

		p.inTime(around(harm.Latest().Effective, lopsided.Latest().Effective))
		p.entries = nil
		for _, e := range r.view.Entries() {
			p.entries = append(p.entries, *e)
		}
		quit()
		p.finish(x)
		for name, want := range map[string]map[string]int64{
			"harm": {"A": 520, "B": 520}, "lopsided": {"A": 520, "B": 20}, "tell": {"A": 540, "B": 540}, "fine": {"A": 540, "B": 540},
		} {
			total := p.total(name)
			require.Equal(t, want, total.Units, name)
			require.Equal(t, map[string]int64{"harm": 3, "lopsided": 2}[name], total.Dropped["after_end"], "%s: what units that count do then", name)
		}
		p.decidesAgain(k, made)
	})
}

// around are exposures just before the ends of the two experiments that are stopped, with an error in each arm after the end, and
// exposures at the ends; one unit was seen before.
func around(harm, lopsided int64) (events []input) {
	for name, end := range map[string]int64{"harm": harm, "tell": harm, "lopsided": lopsided, "fine": harm} {
		events = append(events, crowd(name, end-20, 100, 20, 20)...)
		events = append(events, crowd(name, end, 101, 20, 20)...)
	}
	return append(events, exposure("again", "harm-A-0-1", "harm", "A", harm))
}

// decidesAgain feeds the same log to another instance, which knows the ends from the start.
func (p *pipeline) decidesAgain(k kafka, want map[string]*kgo.Record) {
	p.t.Helper()
	q := k.pipeline(p.t, setup{})
	var copied []*kgo.Record
	for _, rec := range p.read(p.events()) {
		copied = append(copied, &kgo.Record{Topic: q.events(), Partition: rec.Partition, Key: rec.Key, Value: rec.Value})
	}
	for i := range p.entries {
		value, err := json.Marshal(p.entries[i])
		require.NoError(p.t, err)
		copied = append(copied, &kgo.Record{Topic: q.registry(), Key: []byte(p.entries[i].Experiment), Value: value})
	}
	q.produce(copied...)
	q.entries, q.end = p.entries, p.end
	q.finish(q.start(worker.Config{}))
	got := q.decided()
	require.Len(p.t, got, len(want))
	for id, rec := range want {
		require.Equal(p.t, string(rec.Value), string(got[id].Value), id)
	}
}
