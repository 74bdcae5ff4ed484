package experiment

import "github.com/abacus-stream/abacus/codecs/decision"

// Entry is one experiment in the registry table: the value of a row of <prefix>.registry-table, as JSON.
type Entry struct {
	Experiment string    `json:"experiment"`
	Run        int       `json:"run"`      // from 1; restart starts the next
	State      string    `json:"state"`    // draft, running, stopped, archived
	Versions   []Version `json:"versions"` // of this run, ascending, the first is 1
	Commands   []string  `json:"commands"` // ids of the latest commands applied: a repeated one is a no-op
	Refused    []Refusal `json:"refused,omitempty"`

	Draft     *Definition `json:"draft,omitempty"`     // what is prepared before the first run; nothing counts by it
	Decisions []Acted     `json:"decisions,omitempty"` // of this run, by the engine, oldest first
	Earlier   []Earlier   `json:"earlier,omitempty"`   // runs before this one, oldest first
}

// Acted is a decision of the engine, with its evidence and what the registry made of it.
type Acted struct {
	decision.Record
	Accepted int64 `json:"accepted"`          // Unix ms
	Version  int64 `json:"version,omitempty"` // the version that ends the run; 0 of an alert, or where the run was stopped already
}

// Earlier is what is left in the table of a run that another has replaced.
type Earlier struct {
	Run       int     `json:"run"`
	State     string  `json:"state"`         // at its end
	Versions  int     `json:"versions"`      // how many it had
	Start     int64   `json:"start"`         // event time, Unix ms
	End       int64   `json:"end,omitempty"` // event time, Unix ms; 0: none was set
	Replaced  int64   `json:"replaced"`      // when the next run was accepted, Unix ms
	Command   string  `json:"command,omitempty"`
	Decisions []Acted `json:"decisions,omitempty"`
}

// Version is one accepted definition of a run.
type Version struct {
	Version    int64      `json:"version"`
	Accepted   int64      `json:"accepted"`  // Unix ms
	Effective  int64      `json:"effective"` // event time from which it holds; of the first version the start
	Definition Definition `json:"definition"`
	Command    string     `json:"command,omitempty"` // id of the command or decision that made it
}

// Refusal tells the sender of a command why it was not applied.
type Refusal struct {
	Command string `json:"command"`
	Reason  string `json:"reason"`
}

// States of an entry.
const (
	Draft    = "draft"
	Running  = "running"
	Stopped  = "stopped"
	Archived = "archived"
)

// Current is the definition that holds: of the newest version, else the draft; nil if there is neither.
func (e *Entry) Current() *Definition {
	if latest := e.Latest(); latest != nil {
		return &latest.Definition
	}
	return e.Draft
}

// Latest is the newest version of the run, nil if none was ever accepted.
func (e *Entry) Latest() *Version {
	if len(e.Versions) == 0 {
		return nil
	}
	return &e.Versions[len(e.Versions)-1]
}

// Windowed says that panes keep the values of events and the units that they are of: the first version asks for windows, or
// does not say. A later version does not change it, so that windows never have half of them.
func (e *Entry) Windowed() bool {
	return len(e.Versions) > 0 && (e.Versions[0].Definition.Windows == nil || len(e.Versions[0].Definition.Windows) > 0)
}

// EpochAt is the number of the version in effect at an event time in Unix ms: the latest whose time has come, of equal
// times the newer, before all of them the first. 0 if there is no version.
func (e *Entry) EpochAt(ts int64) int64 {
	found := int64(0)
	for i := range e.Versions {
		if v := &e.Versions[i]; i == 0 || v.Effective <= ts {
			found = v.Version
		}
	}
	return found
}

// EarliestDecision is the event time in Unix ms before which no guardrail can lead to a decision: the first unit of the run
// has matured for the quickest of them. 0 if there is none, or their windows never end.
func (e *Entry) EarliestDecision() int64 {
	latest, earliest := e.Latest(), int64(0)
	if latest == nil {
		return 0
	}
	d := latest.Definition
	d.Defaults()
	for i := range d.Metrics {
		m := &d.Metrics[i]
		if !m.Guardrail || m.OnHarm == "" || m.Window >= Unlimited {
			continue
		}
		at := e.Versions[0].Effective + int64(m.Delay+m.Window+d.Grace)
		if earliest == 0 || at < earliest {
			earliest = at
		}
	}
	return earliest
}
