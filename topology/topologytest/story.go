package topologytest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/topology"
)

// Stories are golden files about topologies: what a command prints stands below it, and go test -rewrite writes that anew.
// This is a whole file. The lines between a command and the four dashes are its input, those behind them what it prints up
// to the next blank line; a # begins a comment:
//
//	describe tally
//	----
//	App: app
//	  Sub-topology: 0 (tallies)
//	    Source: letters
//	      --> tally
//	    Processor: tally (stores: tallies (changelog app-tallies-changelog))
//	      --> tallies
//	    Sink: tallies
//
//	# Two letters of ann; the commit of the second one crashes.
//	run tally tasks=2
//	pipe letters t=00:01 ann a
//	crash offsets
//	pipe letters t=00:02 ann b   # is processed again
//	----
//	tallies ann a
//	tallies ann ab
//
// The commands:
//
//	describe NAME    prints the topology
//	fault NAME       prints what Build refuses of it
//	run NAME [tasks=N] [workers=N] [instances=N]
//
// The input of run is what happens, line after line; the other commands have none:
//
//	pipe TOPIC [t=MM:SS] KEY VALUE    append a record, with this append time after the start; process and commit
//	batch                             from here on pipe only appends
//	commit                            process and commit what there is
//	advance DURATION                  let wall-clock time pass
//	restart | wipe                    kill all instances; with wipe their disks too
//	start N | stop N | kill N         of one instance
//	crash STEP                        in the next commit, after flush, produce, offsets, end or batch
//	lose committed | lose aborted     the answer to the next EndTxn
//
// A ~ for KEY or VALUE is none at all, null in Kafka: without a value the record is a tombstone. A key is one word, a value
// goes to the end of the line, both as the topic's Form reads them.
//
// What a story prints is every record of the topics that are not internal, as it appears: TOPIC KEY VALUE, or deleted for a
// tombstone; those put aside begin with late and dlq.
//
// Each story is then told again with a disturbance behind each of its pipes: a restart, a wipe, a crash at each step of the
// commit, a lost answer. It must end in the same last values and the same state.
type Stories struct {
	Topologies map[string]func(b *topology.Builder) // by the names of the commands; they are built for the app named app
	Forms      map[string]Form                      // of topics; default: As(codecs.String, codecs.String)
	Config     Config                               // what it says is so where a command does not say otherwise
}

// Run runs the stories of a folder.
func (s Stories) Run(t *testing.T, folder string) {
	datadriven.Walk(t, folder, func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			if len(d.CmdArgs) == 0 || s.Topologies[d.CmdArgs[0].Key] == nil {
				d.Fatalf(t, "%s: name one of the topologies", d.Cmd)
			}
			topo, err := s.build(d.CmdArgs[0].Key)
			if d.Cmd == "fault" {
				return fmt.Sprintln(err)
			}
			if err != nil {
				d.Fatalf(t, "%v", err)
			}
			switch d.Cmd {
			case "describe":
				return topo.Describe()
			case "run":
				return s.tell(t, d, topo)
			}
			d.Fatalf(t, "unknown command %q", d.Cmd)
			return ""
		})
	})
}

func (s Stories) build(name string) (*topology.Topology, error) {
	var b topology.Builder
	s.Topologies[name](&b)
	return b.Build("app")
}

func (s Stories) tell(t *testing.T, d *datadriven.TestData, topo *topology.Topology) string {
	cfg := s.Config
	d.MaybeScanArgs(t, "tasks", &cfg.Tasks)
	d.MaybeScanArgs(t, "workers", &cfg.Workers)
	d.MaybeScanArgs(t, "instances", &cfg.Instances)
	story := &story{Stories: s, topo: topo, cfg: cfg, lines: lines(d.Input)}
	out, faults := story.tellAll(t)
	for _, fault := range faults {
		t.Errorf("%s: %s", d.Pos, fault)
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

// story is one script over one topology.
type story struct {
	Stories
	topo  *topology.Topology
	cfg   Config
	lines []string
}

// tellAll tells a story, and again with each disturbance behind each pipe; faults are the tellings that end otherwise.
func (s *story) tellAll(t testing.TB) (out string, faults []string) {
	out, end := s.play(t, nil)
	for i, line := range s.lines {
		if !strings.HasPrefix(line, "pipe ") {
			continue
		}
		for _, dis := range disturbances {
			_, got := s.play(t, func(at int, d *Driver) {
				if at == i {
					dis.do(d)
				}
			})
			if got != end {
				faults = append(faults, fmt.Sprintf("%s after line %d %q changes the end from\n%s\nto\n%s", dis.name, i+1, line, end, got))
			}
		}
	}
	return out, faults
}

// disturbances are what may happen to an app behind a record.
var disturbances = []struct {
	name string
	do   func(d *Driver)
}{
	{"a restart", (*Driver).Restart},
	{"a wipe", (*Driver).Wipe},
	{"a restart without commit", func(d *Driver) { d.work(); d.Restart() }},
	{"a crash after flush", crashing(AfterFlush)},
	{"a crash after produce", crashing(AfterProduce)},
	{"a crash after offsets", crashing(AfterOffsets)},
	{"a crash after end", crashing(AfterEndTxn)},
	{"a crash after batch", crashing(AfterBatch)},
	{"a lost answer", func(d *Driver) { d.work(); d.LoseAnswer(true); d.Commit() }},
	{"a lost answer, aborted", func(d *Driver) { d.work(); d.LoseAnswer(false); d.Commit() }},
}

func crashing(step Step) func(d *Driver) {
	return func(d *Driver) { d.work(); d.CrashAt(step); d.Commit() }
}

func (d *Driver) work() {
	for d.Step() {
	}
}

// play tells the story once: it gives what came out and how it ended. disturb is called behind each pipe, before the
// record is processed.
func (s *story) play(t testing.TB, disturb func(line int, d *Driver)) (out, end string) {
	d := New(t, s.topo, s.cfg)
	o := observer{story: s, d: d, seen: map[string]int{}}
	batch := false
	for i, line := range s.lines {
		f := strings.Fields(line)
		err := error(nil)
		switch f[0] {
		case "pipe":
			if err = s.pipe(d, f[1:]); err == nil && disturb != nil {
				disturb(i, d)
			}
			if !batch {
				d.Run()
			}
		case "batch":
			batch = true
		default:
			err = happen(d, f)
		}
		if err != nil {
			t.Fatalf("line %d %q: %v", i+1, line, err)
		}
		o.look()
	}
	d.Run()
	o.look()
	return o.text.String(), o.ending()
}

var errStory = errors.New("not a line of a story")

// pipe is TOPIC [t=MM:SS] KEY VALUE.
func (s *story) pipe(d *Driver, f []string) error {
	if len(f) < 3 {
		return errStory
	}
	topic, at := f[0], int64(0)
	if strings.HasPrefix(f[1], "t=") {
		var minute, second int64
		if _, err := fmt.Sscanf(f[1], "t=%d:%d", &minute, &second); err != nil || len(f) < 4 {
			return errStory
		}
		at, f = d.cfg.Wall+(minute*60+second)*1000, slices.Delete(slices.Clone(f), 1, 2)
	}
	form := s.form(topic)
	key, err := parsed(f[1], form.ParseKey)
	if err != nil {
		return err
	}
	value, err := parsed(strings.Join(f[2:], " "), form.ParseValue)
	if err != nil {
		return err
	}
	d.PipeAt(topic, at, key, value)
	return nil
}

// none is the text of a key or value that is not there.
const none = "~"

func parsed(text string, parse func(text string) ([]byte, error)) ([]byte, error) {
	if text == none {
		return nil, nil
	}
	return parse(text)
}

func (s *story) form(topic string) Form {
	if f, ok := s.Forms[topic]; ok {
		return f
	}
	return As(codecs.String, codecs.String)
}

// happen is a line that is no record.
func happen(d *Driver, f []string) error {
	n, arg := 0, ""
	if len(f) > 1 {
		arg = f[1]
		_, _ = fmt.Sscan(arg, &n)
	}
	switch f[0] {
	case "commit":
		d.Run()
	case "restart":
		d.Restart()
	case "wipe":
		d.Wipe()
	case "start":
		d.Start(n)
	case "stop":
		d.Stop(n)
	case "kill":
		d.Kill(n)
	case "lose":
		d.LoseAnswer(arg == "committed")
	case "crash":
		step := slices.Index([]string{"", "flush", "produce", "offsets", "end", "batch"}, arg)
		if step < 1 {
			return errStory
		}
		d.CrashAt(Step(step))
	case "advance":
		by, err := time.ParseDuration(arg)
		if err != nil {
			return err
		}
		d.Advance(by)
	default:
		return errStory
	}
	return nil
}
