package bench

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

// results become RESULTS.md. Rows are in the order in which they were first added.
type results struct {
	command string
	kafka   string
	runs    int
	began   time.Time
	load    figures // of the machine, before each run
	costs   table[cost]
	windows table[cost]
	delays  table[delay]
	outages table[delay]
}

// table keeps the order of its rows.
type table[T any] struct {
	names []string
	rows  map[string]*T
}

func (t *table[T]) row(name string) *T {
	if t.rows == nil {
		t.rows = map[string]*T{}
	}
	if t.rows[name] == nil {
		t.names, t.rows[name] = append(t.names, name), new(T)
	}
	return t.rows[name]
}

// observe notes how busy the machine is.
func (r *results) observe() {
	var one float64
	text, err := os.ReadFile("/proc/loadavg")
	if _, scanErr := fmt.Sscan(string(text), &one); err == nil && scanErr == nil {
		r.load.add(one)
	}
}

// note takes in what a trial measured, and says it in a line.
func (r *results) note(t trial, took latencies) string {
	delays, name := &r.delays, t.text()+", topic of results"
	if t.crash {
		delays, name = &r.outages, t.text()
	}
	topic := delays.row(name)
	topic.silence.add(took.silence.Seconds())
	topic.lost.add(float64(took.lost))
	if took.lost > 0 {
		return fmt.Sprintf("%d events are lost, longest silence %.1f s", took.lost, took.silence.Seconds())
	}
	topic.add(took.topic)
	last := len(topic.p50) - 1
	if !t.mirror {
		return fmt.Sprintf("p50 %.1f ms, p99 %.1f ms, longest %.1f s, longest silence %.1f s",
			1e3*topic.p50[last], 1e3*topic.p99[last], topic.most[last], took.silence.Seconds())
	}
	shown := r.delays.row(t.text() + ", Redis")
	shown.add(took.redis)
	return fmt.Sprintf("stats topic p50 %.1f ms, p99 %.1f ms; Redis p50 %.1f ms, p99 %.1f ms",
		1e3*topic.p50[last], 1e3*topic.p99[last], 1e3*shown.p50[last], 1e3*shown.p99[last])
}

// markdown is the file.
func (r *results) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Measured on a real Kafka\n\nWritten by `%s`, %s. Figures are the median of %d runs (windows, latency and outage: %d), least and greatest in brackets.\n\n", r.command, r.began.Format(time.DateOnly), r.runs, min(r.runs, trialRuns))
	r.machine(&b)
	r.throughput(&b)
	r.streams(&b)
	r.latency(&b)
	r.outage(&b)
	return b.String()
}

func (r *results) machine(b *strings.Builder) {
	var kib float64
	_, _ = fmt.Sscan(after("/proc/meminfo", "MemTotal"), &kib)
	fmt.Fprintf(b, "Machine: %d cores (%s), %.0f GiB, %s/%s. Broker, contender and the consumer that sees the end share it; its load average before the runs was %s.\n\n",
		runtime.NumCPU(), after("/proc/cpuinfo", "model name"), kib/(1<<20), runtime.GOOS, runtime.GOARCH, r.load.text(1, 1))
	fmt.Fprintf(b, "Versions: %s, Apache Kafka %s", runtime.Version(), r.kafka)
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, dep := range info.Deps {
			switch dep.Path {
			case "github.com/twmb/franz-go", "github.com/lovoo/goka", "github.com/IBM/sarama", "github.com/cockroachdb/pebble/v2":
				fmt.Fprintf(b, ", %s %s", strings.TrimPrefix(dep.Path, "github.com/"), dep.Version)
			}
		}
	}
	b.WriteString(".\n\n")
}

func (r *results) throughput(b *strings.Builder) {
	if len(r.costs.names) == 0 {
		return
	}
	b.WriteString(`## A backlog, until the last record is counted

CPU time is that of the contender's process alone, user and system, from when it could take its first record (goka: from its first record).
The end of a run of ours is when a read_committed consumer of the stats topic has totals that hold every record; of the others, when their callback has had the last one.

| contender | records | CPU ns/record | records/s | peak memory MiB |
|---|---|---|---|---|
`)
	for _, name := range r.costs.names {
		c := r.costs.rows[name]
		fmt.Fprintf(b, "| %s | %d | %s | %s k | %s |\n", name, c.records, c.cpu.text(1, 0), c.speed.text(1000, 0), c.peak.text(1<<20, 0))
	}
	b.WriteString("\n")
}

// streams is our library beside Kafka Streams.
func (r *results) streams(b *strings.Builder) {
	if len(r.windows.names) == 0 {
		return
	}
	fmt.Fprintf(b, `## The same topology in Kafka Streams and here

The tagged events, by the ts that they carry: key experiment|variant, through a repartition topic of %d partitions, count and sum in windows of 10 s with a grace of 5 s, to a topic; windows.go and streams/src/main/java/bench/Windows.java. Both commit at least every 100 ms, and keep state on disk. Kafka Streams %s, java %s, streams/src/main/resources/streams.properties.

The end of a run is when a read_committed consumer of the results has windows that hold every record, counts and sums; of one that dropped records as late, its last result. CPU time and records are as above; warm: from when the JVM has counted the first %d. Commands: make bench ARGS=-only=windows, ARGS=-only=streams.

| contender | records | CPU ns/record | warm | k records/s | warm | peak memory MiB | dropped as late |
|---|---|---|---|---|---|---|---|
`, partitions, streamsVersion, jvm, warmUp)
	for _, name := range r.windows.names {
		c := r.windows.rows[name]
		fmt.Fprintf(b, "| %s | %d | %s | %s | %s | %s | %s | %s |\n", name, c.records, c.cpu.text(1, 0), c.warm.cpu.text(1, 0), c.speed.text(1000, 0), c.warm.speed.text(1000, 0), c.peak.text(1<<20, 0), c.dropped.text(1, 0))
	}
	b.WriteString("\n")
}

func (r *results) latency(b *strings.Builder) {
	if len(r.delays.names) == 0 {
		return
	}
	fmt.Fprintf(b, `## Events to statistics, %d events/s

From the moment at which an event was due at its producer until a consumer holds a committed total that includes it, or until the hash in Redis does: each event of %s, after %s of warming up, a JVM %s; %d experiments. Milliseconds. Alone: make bench ARGS=-only=steady.

| | events | p50 | p99 | longest | events lost |
|---|---|---|---|---|---|
`, rate, steady, warming, warmingJVM, experiments)
	for _, name := range r.delays.names {
		d := r.delays.rows[name]
		fmt.Fprintf(b, "| %s | %d | %s | %s | %s | %s |\n", name, d.events, d.p50.text(1e-3, 1), d.p99.text(1e-3, 1), d.most.text(1e-3, 0), d.lost.text(1, 0))
	}
	b.WriteString("\n")
}

func (r *results) outage(b *strings.Builder) {
	if len(r.outages.names) == 0 {
		return
	}
	fmt.Fprintf(b, `## A process ends by SIGKILL, %d events/s

The longest that any event took to a committed total, and the longest in which the consumer had no result at all; session timeout of the group %s. A process that is started again is the same member of the group, here and in Kafka Streams (group.instance.id). Lost is what was read, and is in no result when all is; how long an event took is not known then. What Kafka Streams loses it counts itself, as dropped for being late. Seconds. Alone: make bench ARGS=-only=restart.

| | longest | silence | events lost |
|---|---|---|---|
`, rate, session)
	for _, name := range r.outages.names {
		d := r.outages.rows[name]
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", name, d.most.text(1, 1), d.silence.text(1, 1), d.lost.text(1, 0))
	}
}

// after is the value of the first line of a file that begins with a name.
func after(file, name string) string {
	text, _ := os.ReadFile(file)
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			return strings.TrimSpace(strings.TrimLeft(rest, " \t:"))
		}
	}
	return "unknown"
}
