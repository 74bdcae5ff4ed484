package bench

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/integration/services"
)

var (
	records  = flag.Int64("records", 8_000_000, "tagged `records`")
	unitsN   = flag.Int64("units", 1_000_000, "`units` of the attributed workload, 8 events each")
	runs     = flag.Int("runs", 5, "`runs` of each contender")
	quick    = flag.Bool("quick", false, "1 M records, 125,000 units, 3 runs")
	workers  = flag.Int("workers", 0, "`workers` of the engine; 0: its default, the number of cores")
	only     = flag.String("only", "", "`pattern` of the contenders to run")
	profile  = flag.String("profile", "", "`name` of a contender whose last run writes <name>.prof")
	markdown = flag.String("results", "RESULTS.md", "`file` for the results")
)

func TestMain(m *testing.M) {
	if text := os.Getenv(jobEnv); text != "" {
		if err := contend(text); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if os.Getenv("ABACUS_TEST_JAVA") == "" {
		_ = os.Setenv("ABACUS_TEST_JAVA", "-Xmx1g") // as a broker runs that serves for long
	}
	services.Main(m)
}

// contest is one invocation: its services, its stages and what it has measured.
type contest struct {
	t       *testing.T
	brokers []string
	redis   string
	prefix  string
	pattern *regexp.Regexp
	results results
}

// entrant is a contender on a stage.
type entrant struct {
	name, text string // for flags; for people
	stage      *stage
	job        job
	disk       bool // it keeps state in files
	runs       int  // at most
}

// gokaShare and windowsShare are how many times fewer records goka and the windows get: rivals there are slower.
const gokaShare, windowsShare = 16, 2

func TestRivals(t *testing.T) {
	if *quick {
		*records, *unitsN, *runs = 1_000_000, 125_000, 3
	}
	c := &contest{t: t, prefix: "bench-" + strings.ToLower(rand.Text()[:6]) + "-", pattern: regexp.MustCompile(*only)}
	c.brokers, c.redis = services.Kafka(t), services.Redis(t)
	c.results = results{command: strings.TrimSpace("make bench " + arguments()), runs: *runs, began: time.Now()}
	c.results.kafka = kafkaVersion(t.Context(), c.brokers)
	entrants := c.entrants(t.Context())
	trials := []trial{
		{name: "steady", warm: warming, mirror: true},
		{name: "swift", warm: warming, emitEvery: 5 * time.Millisecond, mirror: true},
		{name: "restart", warm: warming, crash: true},
		{name: "takeover", warm: warming, crash: true, standIn: true},
		{name: "windows-steady", contender: "windows", warm: warming},
		{name: "windows-streams-steady", contender: "streams", warm: warmingJVM},
		{name: "windows-restart", contender: "windows", warm: warming, crash: true},
		{name: "windows-streams-restart", contender: "streams", warm: warmingJVM, crash: true},
	}
	for run := range *runs {
		for _, e := range entrants {
			if run < e.runs {
				c.race(e, run)
			}
		}
		for _, tr := range trials {
			if run < trialRuns {
				c.try(tr, run)
			}
		}
	}
	require.NoError(t, os.WriteFile(*markdown, []byte(c.results.markdown()), 0o644))
	t.Logf("%s:\n%s", *markdown, c.results.markdown())
}

// arguments are the flags that were given, as make takes them.
func arguments() string {
	var args []string
	flag.Visit(func(f *flag.Flag) {
		if !strings.HasPrefix(f.Name, "test.") {
			args = append(args, fmt.Sprintf("-%s=%s", f.Name, f.Value))
		}
	})
	if len(args) == 0 {
		return ""
	}
	return fmt.Sprintf("ARGS=%q", strings.Join(args, " "))
}

// entrants prepares the stages that the chosen contenders need.
func (c *contest) entrants(ctx context.Context) (chosen []entrant) {
	stages := map[*workload]*stage{}
	one, many, few, half := tagged(*records), attributed(*unitsN), keyed(*records/gokaShare), tagged(*records/windowsShare)
	half.name = "windows"
	for _, e := range []struct {
		name, text, contender string
		load                  *workload
		disk                  bool
		workers, runs         int
	}{
		{"raw", "franz-go: consume and discard, tagged", "raw", one, false, 0, *runs},
		{"tagged", "ours, exactly once: tagged, 50 experiments x 3 variants", "engine", one, true, *workers, *runs},
		{"attributed", fmt.Sprintf("ours, exactly once: attributed, %d units, dedup, 3 experiments x 2 metrics", *unitsN), "engine", many, true, *workers, *runs},
		{"goka", "goka, at least once: count by 150 keys, LevelDB", "goka", few, true, 0, *runs},
		{"goka-memory", "goka, at least once: count by 150 keys, memory", "goka", few, false, 0, *runs},
		{"windows", "ours, exactly once", "windows", half, true, *workers, trialRuns},
		{"windows-1", "ours, exactly once, 1 worker", "windows", half, true, 1, trialRuns},
		{"windows-streams", "Kafka Streams, exactly once, 1 thread", "streams", half, true, 1, trialRuns},
		{"windows-streams-2", "Kafka Streams, exactly once, 2 threads", "streams", half, true, 2, trialRuns},
	} {
		if !c.pattern.MatchString(e.name) {
			continue
		}
		if stages[e.load] == nil {
			began := time.Now()
			s, err := newStage(ctx, c.brokers, c.prefix, e.load)
			require.NoError(c.t, err)
			require.NoError(c.t, s.feed(ctx))
			c.t.Logf("%s: %d records in %s", e.load.name, e.load.records, time.Since(began).Round(time.Second))
			stages[e.load] = s
		}
		s := stages[e.load]
		chosen = append(chosen, entrant{e.name, e.text, s, job{Contender: e.contender, Brokers: c.brokers, Prefix: s.prefix, Records: s.records, Workers: e.workers}, e.disk, min(e.runs, *runs)})
	}
	return chosen
}

// race runs a contender once.
func (c *contest) race(e entrant, run int) {
	ctx, cancel := context.WithTimeout(c.t.Context(), 15*time.Minute)
	defer cancel()
	dir := c.t.TempDir()
	j := e.job
	j.App = fmt.Sprintf("%s-%s-%d", e.stage.prefix, e.name, run)
	if e.disk {
		j.Dir = filepath.Join(dir, e.name)
	}
	if *profile == e.name && run == e.runs-1 {
		j.Profile, _ = filepath.Abs(e.name + ".prof")
	}
	c.results.observe()
	u, w, err := c.finish(ctx, e, j)
	require.NoError(c.t, err, e.name)
	costs := &c.results.costs
	if j.windowed() {
		costs = &c.results.windows
	}
	row := costs.row(e.text)
	row.records = j.Records
	row.add(u)
	if j.Contender == "streams" && w.warm.records > 0 { // ours is warm at once, and is ahead of what it has counted
		row.addWarm(w.warm)
	}
	c.t.Logf("run %d: %s: %.0f ns/record, %.0f records/s, %d MiB, %d dropped", run+1, e.name, float64(u.CPU)/float64(j.Records), float64(j.Records)/u.Wall.Seconds(), u.Peak>>20, u.Dropped)
	require.NoError(c.t, errors.Join(e.stage.forget(ctx, j.App), os.RemoveAll(dir)))
}

// finish starts a contender and waits until it has counted all; ours and Kafka Streams have, when their results say so.
func (c *contest) finish(ctx context.Context, e entrant, j job) (u usage, w watched, err error) {
	if err := e.stage.prepare(ctx, j); err != nil {
		return u, w, err
	}
	if j.Contender == "raw" || j.Contender == "goka" {
		p, err := begin(j)
		if err != nil {
			return u, w, err
		}
		u, err = p.used(ctx)
		return u, w, err
	}
	in, err := e.stage.totals(ctx, j)
	if err != nil {
		return u, w, err
	}
	defer in.client.Close()
	p, err := begin(j)
	if err != nil {
		return u, w, err
	}
	w, err = e.stage.watch(ctx, j, in, p)
	p.Stop(30 * time.Second)
	if err != nil {
		return u, w, fmt.Errorf("%w: %s", err, p.tail())
	}
	if u, err = p.used(ctx); err != nil {
		return u, w, err
	}
	u.Wall -= w.quiet
	if j.windowed() {
		err = w.check(e.stage, u)
	}
	return u, w, err
}

// try runs a trial once.
func (c *contest) try(tr trial, run int) {
	if !c.pattern.MatchString(tr.name) {
		return
	}
	c.results.observe()
	took, err := tr.run(c.t.Context(), c.brokers, c.redis, fmt.Sprintf("%s%d-", c.prefix, run), c.t.TempDir())
	require.NoError(c.t, err, tr.name)
	c.t.Logf("run %d: %s: %s", run+1, tr.name, c.results.note(tr, took))
}
