package operation

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/abacus-stream/abacus/codecs/result"
)

// load is `abacus load` at work; its truth comes with its end.
type load struct{ *process }

// loadBegun is the number of events after which each experiment of load has some.
const loadBegun = 200

func (i *installation) load(args ...string) *load {
	i.t.Helper()
	l := &load{i.start(append([]string{"load", "-o", "json", "--window", "5s"}, args...)...)}
	eventually(i.t, time.Minute, "load has begun", func() bool {
		l.lives()
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		ends, err := i.admin.ListEndOffsets(ctx, i.prefix+".events")
		if err != nil {
			return false // the broker may be away
		}
		sent := int64(0)
		ends.Each(func(o kadm.ListedOffset) { sent += o.Offset })
		return sent > loadBegun
	})
	return l
}

// truth is what load says must have been counted.
type truth struct {
	Events, Duplicates, Late, Tagged int64
	Experiments                      []struct {
		Experiment string
		Variants   []struct {
			Variant       string
			Units, Buyers int64
			Sum           string
		}
	}
}

// end lets load finish what it has begun and gives its truth.
func (l *load) end() (made truth) {
	l.t.Helper()
	require.True(l.t, l.Stop(time.Minute), "load did not end well:\n%s", l.output())
	require.NoError(l.t, json.Unmarshal([]byte(lastLine(l.output())), &made)) // its progress comes before
	return made
}

// loadFor runs load to its end.
func (i *installation) loadFor(d time.Duration, args ...string) (made truth) {
	i.t.Helper()
	out := i.must(append([]string{"load", "-o", "json", "--window", "5s", "--for", d.String()}, args...)...)
	require.NoError(i.t, json.Unmarshal([]byte(out), &made))
	return made
}

// counted demands that the last totals, as tail shows them, are the truth.
func (i *installation) counted(made truth) {
	i.t.Helper()
	shown := i.totals()
	require.NotZero(i.t, made.Events)
	for _, e := range made.Experiments {
		rec := shown[e.Experiment]
		require.NotNil(i.t, rec, "no total of %s", e.Experiment)
		for _, v := range e.Variants {
			require.Equal(i.t, v.Units, rec.Units[v.Variant], "units of %s %s", e.Experiment, v.Variant)
			for name, m := range rec.Metrics {
				want := v.Sum
				if name == "purchase" {
					want = strconv.FormatInt(v.Buyers, 10)
				}
				require.Equal(i.t, want, m.Variants[v.Variant].Sum, "%s of %s %s", name, e.Experiment, v.Variant)
			}
		}
	}
}

// totals are the last totals by experiment, as tail shows them.
func (i *installation) totals() map[string]*result.Record {
	i.t.Helper()
	shown := map[string]*result.Record{}
	for line := range strings.Lines(i.must("tail", "--once", "-o", "json")) {
		var rec *result.Record
		require.NoError(i.t, result.Codec.Parse([]byte(strings.TrimSpace(line)), &rec))
		shown[rec.Experiment] = rec
	}
	return shown
}
