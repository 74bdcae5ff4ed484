package mirror

import (
	_ "embed"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/abacus-stream/abacus/codecs/result"
)

// script is sent whole each time: a restarted Redis has forgotten what was loaded.
//
//go:embed script.lua
var script string

// Keys of Redis that are not of one experiment.
const (
	Experiments = "ab:experiments" // set of experiment names
	Updates     = "ab:updates"     // channel: the name of an experiment whose hashes have changed
	Sentinel    = "ab:mirror"      // hash: by partition of the stats topic a token of the last write
)

// StatsKey is the key of the hash of an experiment's total.
func StatsKey(experiment string) string { return "ab:stats:{" + experiment + "}" }

// SegmentKey is the key of the hash of a segment, dimension=value.
func SegmentKey(experiment, segment string) string { return StatsKey(experiment) + ":" + segment }

// WindowKey is the key of the hash of the newest window of a grain.
func WindowKey(experiment, grain string) string { return "ab:window:{" + experiment + "}:" + grain }

// call is one call of the script: the hashes of one experiment.
type call struct {
	of     *experiment
	keys   []string
	args   []any
	hashes []called
}

// called is a hash of a call, in the order of the script's answers.
type called struct {
	*hash
	present bool
}

// newCall makes the call for an experiment of the backlog. A hash whose record is not there at the moment is left out.
func (p *processor) newCall(e *experiment) (*call, error) {
	c := &call{of: e, args: []any{p.cfg.TopicID, p.sentinel.partition}}
	for _, h := range e.hashes {
		want, err := p.shown.get(e.name, h.grain)
		if err != nil {
			return nil, err
		}
		rec := h.rec
		if rec == nil && want.present {
			if rec, err = p.record(recordKey(e.name, h.grain, want.start)); err != nil {
				return nil, err
			}
			if rec == nil {
				continue
			}
		}
		c.add(h, rec, want.offset)
	}
	return c, nil
}

// add appends one hash to the call; without a record it is removed.
func (c *call) add(h *hash, rec *result.Record, offset int64) {
	key, gone := StatsKey(c.of.name), "ab:gone:{"+c.of.name+"}"
	switch segment := segmentIn(h.grain); {
	case segment != "":
		key, gone = SegmentKey(c.of.name, segment), gone+":"+h.grain
	case ofWindows(h.grain):
		key, gone = WindowKey(c.of.name, h.grain), gone+":"+h.grain
	}
	again, ttl, fields := "0", int64(0), map[string]string(nil)
	if h.again {
		again = "1"
	}
	at := strconv.FormatInt(offset, 10)
	if rec != nil {
		ttl, fields = timeToLive(rec), Fields(rec)
		fields["_topic"], fields["_offset"] = c.args[0].(string), c.args[1].(string)+":"+at
	}
	c.keys = append(c.keys, key, gone)
	c.args = append(c.args, at, again, strconv.FormatInt(ttl, 10), strconv.Itoa(2*len(fields)))
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		c.args = append(c.args, name, fields[name])
	}
	c.hashes = append(c.hashes, called{hash: h, present: rec != nil})
}

// forGood is a retention without end.
const forGood = 1 << 60

// timeToLive is how long the hash of a record lives in Redis, ms; 0: for good. A record that does not say how long its
// window is kept is kept as its grain is by default.
func timeToLive(rec *result.Record) int64 {
	switch {
	case rec.Grain == result.Total || rec.Retention >= forGood:
		return 0
	case rec.Retention > 0:
		return rec.Retention
	}
	switch rec.Grain {
	case "1s":
		return (10 * time.Minute).Milliseconds()
	case "60s":
		return (7 * 24 * time.Hour).Milliseconds()
	}
	return time.Hour.Milliseconds()
}
