package check

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/codecs/decision"
	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/processors/experiment/verify"
)

// Known is what the log held at a time, beside what the stats topic still has of that time.
type Known struct {
	Report
	Totals    []*result.Record   // recomputed
	Decisions []*decision.Record // published by then, in their order
	InFlight  int                // keys on which something was on its way then, so that no version shows just that part of the log
	Gone      int                // keys of which compaction has taken the version of that time
	Forgotten []string           // experiments whose run of that time the registry no longer tells
}

// RunAt recomputes what the log held at cfg.At and compares it with the versions of that time.
func RunAt(ctx context.Context, cfg Config) (*Known, error) {
	l, err := load(ctx, cfg)
	if err != nil {
		return nil, err
	}
	p := &past{cfg: cfg, then: l, versions: map[string]*version{}}
	if err := p.read(ctx); err != nil {
		return nil, err
	}
	k := &Known{Report: Report{Records: l.Records()}, Totals: l.Totals(p.asOf), Forgotten: l.forgotten}
	if err := p.judge(ctx, k); err != nil {
		return nil, err
	}
	if err := p.decided(ctx, k); err != nil {
		return nil, err
	}
	return k, nil
}

// version is what the stats topic has of one key.
type version struct {
	then, last *kgo.Record // the newest by the time, nil if there is none; the newest of all, nil for a key never written
	previous   *kgo.Record // the one before then
	wrong      []verify.Difference
	before     bool // an older version than then is as recomputed
	after      bool // a newer one is
}

// past compares the versions of the stats topic with what was known at a time.
type past struct {
	cfg       Config
	then, now *loaded // now is read only where there is a doubt
	versions  map[string]*version
}

func (p *past) stats() string { return p.cfg.Prefix + ".stats" }

// read finds the versions of each key.
func (p *past) read(ctx context.Context) error {
	return p.cfg.Logs.Read(ctx, p.stats(), func(rec *kgo.Record) {
		v := p.versions[string(rec.Key)]
		if v == nil {
			v = &version{}
			p.versions[string(rec.Key)] = v
		}
		if v.last = rec; rec.Timestamp.UnixMilli() <= p.cfg.At {
			v.previous, v.then = v.then, rec
		}
	})
}

// asOf is that of the total published at the time, 0 for none.
func (p *past) asOf(experiment string) int64 {
	v := p.versions[result.TotalKey(experiment)]
	if v == nil || v.then == nil || v.then.Value == nil {
		return 0
	}
	var rec *result.Record
	if err := result.Codec.Parse(v.then.Value, &rec); err != nil {
		return 0
	}
	return rec.AsOf
}

// judge compares each key. A version of the time that is not as recomputed may have been waiting for events on their way:
// then a later one shows them, alone or with more.
func (p *past) judge(ctx context.Context, k *Known) error {
	for _, total := range k.Totals {
		if key := total.Key(); p.versions[key] == nil {
			p.versions[key] = &version{}
		}
	}
	doubtful := map[string]*version{}
	for key, v := range p.versions {
		switch {
		case p.unknown(key) || v.then != nil && v.then.Value == nil: // deleted by then: a window at its end
			continue
		case v.then == nil:
			v.wrong = p.then.CompareRecord(key, nil)
		default:
			v.wrong = p.then.CompareRecord(key, v.then.Value)
			k.Compared++
		}
		if len(v.wrong) > 0 {
			doubtful[key] = v
		}
	}
	if len(doubtful) == 0 {
		return nil
	}
	if err := p.search(ctx, doubtful); err != nil {
		return err
	}
	present := p.cfg
	present.At = 0
	now, err := load(ctx, present)
	if err != nil {
		return err
	}
	p.now = now
	p.settle(doubtful, k)
	return nil
}

// unknown says whether a key is of an experiment of which nothing can be said.
func (p *past) unknown(key string) bool {
	parsed, err := result.ParseKey(key)
	return err == nil && slices.Contains(p.then.forgotten, parsed.Experiment)
}

// search looks for a version that is as recomputed among all that are retained.
func (p *past) search(ctx context.Context, doubtful map[string]*version) error {
	return p.cfg.Logs.Read(ctx, p.stats(), func(rec *kgo.Record) {
		v := doubtful[string(rec.Key)]
		if v == nil || v.after || rec.Value == nil || v.then != nil && rec.Offset == v.then.Offset {
			return
		}
		older := v.then != nil && rec.Offset < v.then.Offset
		if older && v.before || len(p.then.CompareRecord(string(rec.Key), rec.Value)) > 0 {
			return
		}
		v.before, v.after = v.before || older, v.after || !older
	})
}

// settle tells differences from what was in flight.
func (p *past) settle(doubtful map[string]*version, k *Known) {
	for _, key := range slices.Sorted(maps.Keys(doubtful)) {
		v := doubtful[key]
		switch {
		case p.wrong(key, v):
			k.Differences = append(k.Differences, v.wrong...)
		case v.after && v.then == nil:
			k.Compared++
		case v.after:
		case v.then == nil:
			k.Gone++
		default:
			k.Compared--
			k.InFlight++
		}
	}
}

// wrong says whether a version that is not as recomputed can have no event on its way as the reason: it went away from what
// the log held, for good or with nothing retracted about then, or it is the last one and nothing since then concerns its key.
func (p *past) wrong(key string, v *version) bool {
	switch {
	case v.before && !v.after,
		v.last == nil && len(p.now.CompareRecord(key, nil)) > 0,
		v.last != nil && v.last == v.then && slices.Equal(v.wrong, p.now.CompareRecord(key, v.last.Value)):
		return true
	case v.previous == nil || v.previous.Value == nil || len(p.then.CompareRecord(key, v.previous.Value)) > 0:
		return false
	}
	return p.then.retracted < v.previous.Timestamp.Add(-longInFlight).UnixMilli()
}

// longInFlight is longer than an event is on its way: what is counted and retracted within it may look as if nothing had come.
const longInFlight = time.Minute
