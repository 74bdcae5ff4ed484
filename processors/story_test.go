package processors_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

// TestStories runs testdata/stories. A story is a topology of topologies_test.go and a script, a line a step:
//
//	pipe TOPIC t=MM:SS KEY VALUE   append a record with this event time, process and commit; ~ is no value
//	batch                          from here on pipe only appends
//	commit                         process and commit what there is
//	advance DURATION               let wall-clock time pass
//	restart | wipe                 kill all workers; with wipe their local state too
//
// The output is every record that came of it, in order. Each story is then told again with a
// restart, a wipe and a crash at each step of the commit behind each of its records: it must end
// in the same results and the same state. describe prints a topology, fault what Build refuses.
func TestStories(t *testing.T) {
	datadriven.Walk(t, "testdata/stories", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			switch d.Cmd {
			case "describe":
				return built(t, d.CmdArgs[0].Key).Describe()
			case "fault":
				_, err := build(d.CmdArgs[0].Key)
				return fmt.Sprintln(err)
			case "run":
				return tell(t, d)
			}
			d.Fatalf(t, "unknown command %q", d.Cmd)
			return ""
		})
	})
}

func tell(t *testing.T, d *datadriven.TestData) string {
	s := story{topo: built(t, d.CmdArgs[0].Key), tasks: 1, lines: lines(d.Input)}
	d.MaybeScanArgs(t, "tasks", &s.tasks)
	out, end := s.play(t, nil)
	for i := range s.lines {
		if !strings.HasPrefix(s.lines[i], "pipe ") {
			continue
		}
		for name, disturb := range disturbances {
			_, got := s.play(t, func(t *testing.T, line int, d *topologytest.Driver) {
				if line == i {
					disturb(t, d)
				}
			})
			if got != end {
				t.Errorf("%s: %s after line %d %q changes the end from\n%s\nto\n%s", d.Pos, name, i+1, s.lines[i], end, got)
			}
		}
	}
	return out
}

// lines are those of a script without comments.
func lines(script string) (all []string) {
	for line := range strings.Lines(script) {
		line, _, _ = strings.Cut(line, "#")
		if line = strings.TrimSpace(line); line != "" {
			all = append(all, line)
		}
	}
	return all
}

// story is a script over a topology.
type story struct {
	topo  *topology.Topology
	tasks int
	lines []string
}

// play runs the script; it gives the outputs and the end. disturb is called behind each pipe,
// before the record is processed.
func (s *story) play(t *testing.T, disturb func(t *testing.T, line int, d *topologytest.Driver)) (out, end string) {
	d := topologytest.New(t, s.topo, topologytest.Config{Tasks: s.tasks})
	o := observer{d: d, seen: map[string]int{}}
	batch := false
	for i, line := range s.lines {
		f := strings.Fields(line)
		switch f[0] {
		case "pipe":
			pipe(t, d, f[1:])
			if disturb != nil {
				disturb(t, i, d)
			}
			if !batch {
				d.Run()
			}
		case "batch":
			batch = true
		case "commit":
			d.Run()
		case "restart":
			d.Restart()
		case "wipe":
			d.Wipe()
		case "advance":
			by, err := time.ParseDuration(f[1])
			if err != nil {
				t.Fatal(err)
			}
			d.Advance(by)
		default:
			t.Fatalf("unknown line %q", line)
		}
		o.look(s.topo)
	}
	return o.text.String(), ending(t, d, s.topo)
}

// pipe appends a record: TOPIC t=MM:SS KEY VALUE.
func pipe(t *testing.T, d *topologytest.Driver, f []string) {
	d.PipeAt(f[0], epoch(t, f[1]), []byte(f[2]), encode(f[0], strings.Join(f[3:], " ")))
}
