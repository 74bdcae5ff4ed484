package check

import (
	"context"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/codecs/decision"
	"github.com/abacus-stream/abacus/codecs/result"
)

// decided compares the decisions that were published by the time with those that follow from the log of then. One that a total of then
// reflects and that came a moment later was on its way.
func (p *past) decided(ctx context.Context, k *Known) error {
	var then [][]byte
	later := map[string]bool{} // as differences name them
	err := p.cfg.Logs.Read(ctx, p.cfg.Prefix+".decisions", func(rec *kgo.Record) {
		var d *decision.Record
		switch unread := rec.Value == nil || decision.Codec.Parse(rec.Value, &d) != nil; {
		case !unread && slices.Contains(p.then.forgotten, d.Experiment):
		case rec.Timestamp.UnixMilli() > p.cfg.At:
			if !unread {
				later["decision "+d.ID] = true
			}
		case rec.Value != nil:
			then = append(then, rec.Value)
			if !unread {
				k.Decisions = append(k.Decisions, d)
			}
		}
	})
	if err != nil {
		return err
	}
	k.Compared += len(then)
	for _, d := range p.then.CompareDecisions(then, p.totals()) {
		if d.Got == "" && d.Field == "" && later[d.Key] {
			k.InFlight++
			continue
		}
		k.Differences = append(k.Differences, d)
	}
	return nil
}

// totals are the versions of the totals that were published by the time.
func (p *past) totals() map[string][]byte {
	totals := map[string][]byte{}
	for key, v := range p.versions {
		if parsed, err := result.ParseKey(key); err == nil && parsed.Grain == result.Total && v.then != nil && v.then.Value != nil {
			totals[key] = v.then.Value
		}
	}
	return totals
}
