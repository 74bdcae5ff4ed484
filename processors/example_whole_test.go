package processors_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

// example is a whole topology and what happens to it: lines "MM:SS topic key value" in the order of arrival, at the
// times of the events.
type example struct {
	build   func(b *topology.Builder)
	happens string
}

// run plays the example and returns what comes of each line; between is called after each, if it is not nil.
func (e example) run(between func(d *topologytest.Driver)) string {
	var b topology.Builder
	e.build(&b)
	topo, err := b.Build("app")
	if err != nil {
		panic(err)
	}
	d := topologytest.New(nil, topo, topologytest.Config{})
	o := observer{d: d, seen: map[string]int{}}
	for line := range strings.Lines(e.happens) {
		at, record, found := strings.Cut(strings.TrimSpace(line), " ")
		if !found {
			continue
		}
		var minute, second int64
		if _, err := fmt.Sscanf(at, "%d:%d", &minute, &second); err != nil {
			panic(line)
		}
		f := strings.SplitN(record, " ", 3)
		d.PipeAt(f[0], start+(minute*60+second)*1000, []byte(f[1]), []byte(f[2]))
		d.Run()
		if between != nil {
			between(d)
		}
		o.look(topo)
	}
	return place.ReplaceAllString(o.text.String(), "")
}

// place is where a late record came from: in a repartition topic watermarks take offsets, too.
var place = regexp.MustCompile(`(?m) from app-.*$`)

// TestExamplesGiveTheSameUnderRestart: wherever the app is restarted, loses its disk or crashes.
func TestExamplesGiveTheSameUnderRestart(t *testing.T) {
	crash := topologytest.Step(1)
	disturbed := map[string]func(d *topologytest.Driver){
		"restart": func(d *topologytest.Driver) { d.Restart(); d.Run() },
		"wipe":    func(d *topologytest.Driver) { d.Wipe(); d.Run() },
		"crash":   func(d *topologytest.Driver) { d.CrashAt(crash); crash = crash%5 + 1 }, // at the next commit
	}
	for name, e := range map[string]example{"word count": wordCount, "page views": pageViews, "enrichment": enrichment, "fraud": fraud} {
		want := e.run(nil)
		require.NotEmpty(t, want, name)
		for how, between := range disturbed {
			require.Equal(t, want, e.run(between), "%s, %s after each record", name, how)
		}
	}
}
