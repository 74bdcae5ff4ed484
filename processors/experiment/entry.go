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
