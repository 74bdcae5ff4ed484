package verify

import (
	"math"

	"github.com/abacus-stream/abacus/codecs/result"
)

// Publish is the stats topic as an engine without faults leaves it once every window is closed, before any retention.
func (v *Verifier) Publish() map[string]*result.Record {
	v.replay()
	out := map[string]*result.Record{}
	for name, t := range v.tallies {
		if !t.empty() {
			out[result.TotalKey(name)] = t.wantTotal(math.MaxInt64, true)
		}
		for i, segment := range t.plan.segments() {
			if t.hasSegment(1 + i) {
				rec := t.wantSegment(segment, math.MaxInt64, true)
				out[rec.Key()] = rec
			}
		}
		for _, grain := range t.plan.grains() {
			for start, panes := range t.windows(grain) {
				if w := t.window(grain, start, panes); !w.empty() {
					out[result.WindowKey(name, grain, start)] = t.wantWindow(grain, w, math.MaxInt64)
				}
			}
		}
	}
	return out
}
