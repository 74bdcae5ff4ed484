package experiment

// Entry is one experiment in the registry table: the value of a row of <prefix>.registry-table, as JSON.
type Entry struct {
	Experiment string    `json:"experiment"`
	Run        int       `json:"run"`      // from 1; restart starts the next
	State      string    `json:"state"`    // running, stopped, archived
	Versions   []Version `json:"versions"` // of this run, ascending, the first is 1
	Commands   []string  `json:"commands"` // ids of the latest commands applied: a repeated one is a no-op
	Refused    []Refusal `json:"refused,omitempty"`
}

// Version is one accepted definition of a run.
type Version struct {
	Version    int64      `json:"version"`
	Accepted   int64      `json:"accepted"`  // Unix ms
	Effective  int64      `json:"effective"` // event time from which it holds; of the first version the start
	Definition Definition `json:"definition"`
}

// Refusal tells the sender of a command why it was not applied.
type Refusal struct {
	Command string `json:"command"`
	Reason  string `json:"reason"`
}

// States of an entry.
const (
	Running  = "running"
	Stopped  = "stopped"
	Archived = "archived"
)

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
