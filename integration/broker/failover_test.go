package broker

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/stretchr/testify/require"
)

// rows is the state that a failover finds, over all tasks.
const rows = 100_000

// BenchmarkFailover kills one of two instances, without standbys and with one of each task, and prints how long its tasks
// stood still, how long those of the other instance did, and what was replayed.
func BenchmarkFailover(b *testing.B) {
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "standbys\trows\tits tasks at work elsewhere after\trestore of them\trecords\tlongest pause of other tasks\tthe same before")
	for range b.N {
		for _, standbys := range []int{0, 1} {
			b.Run(fmt.Sprintf("standbys=%d", standbys), func(b *testing.B) {
				f := failOver(b, standbys)
				fmt.Fprintf(w, "%d\t%d\t%.1f s\t%.0f ms\t%d\t%.0f ms\t%.0f ms\n", standbys, rows, f.took.Seconds(), f.restored.Seconds()*1e3, f.replayed,
					f.paused.Seconds()*1e3, f.before.Seconds()*1e3)
				b.ReportMetric(f.took.Seconds(), "failover-s")
				b.ReportMetric(f.paused.Seconds()*1e3, "pause-ms")
			})
		}
	}
	require.NoError(b, w.Flush())
	fmt.Print("\n", table.String(), "\n") // what a benchmark with parts logs is not printed
}

var restoreTook = regexp.MustCompile(`restored.*"took": "([^"]+)"`)

// failover is what a kill did to the output.
type failover struct {
	took           time.Duration // until every task of the dead instance had new output
	replayed       int           // records, by the instance that took over
	restored       time.Duration // longest restore of a task
	before, paused time.Duration // longest wait for output of a task of the other instance, before the kill and after it
}

func failOver(b *testing.B, standbys int) (f failover) {
	s := newScene(b)
	s.standbys = standbys
	stays, dies := s.instance(), s.instance()
	for _, i := range []*instance{stays, dies} {
		require.Eventually(b, func() bool { return len(i.tasks(0)) == partitions }, time.Minute, 10*time.Millisecond)
	}
	s.words(rows, rows)
	s.settled()
	unload := s.load(1000)
	s.copiesBegin(stays, dies)
	s.watch.gaps()
	s.steady(3 * time.Second)
	others, logged := stays.tasks(0), len(stays.log())
	f.before = longest(s.watch.gaps(), others)
	dies.process.Kill()
	died := time.Now()
	f.took = s.watch.allAfter(s.ends()).Sub(died)
	s.steady(3 * time.Second)
	f.paused = longest(s.watch.gaps(), others)
	f.replayed = stays.replayed(logged)
	for _, m := range restoreTook.FindAllStringSubmatch(stays.log()[logged:], -1) {
		d, err := time.ParseDuration(m[1])
		require.NoError(b, err)
		f.restored = max(f.restored, d)
	}
	unload()
	s.settled()
	return f
}

// copiesBegin waits until each instance follows the tasks of the other.
func (s *scene) copiesBegin(instances ...*instance) {
	for _, i := range instances {
		require.Eventually(s.t, func() bool {
			return strings.Count(i.log(), "standby begins") >= s.standbys*partitions
		}, time.Minute, 10*time.Millisecond)
	}
}

// steady lets the load run on.
func (s *scene) steady(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	<-timer.C
}

// longest is the longest wait for output of these tasks of the second stage.
func longest(gaps map[int32]time.Duration, tasks []string) (d time.Duration) {
	for _, id := range tasks {
		if p, counts := strings.CutPrefix(id, "1_"); counts {
			n, _ := strconv.Atoi(p)
			d = max(d, gaps[int32(n)])
		}
	}
	return d
}
