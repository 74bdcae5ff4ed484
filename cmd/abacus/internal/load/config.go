package load

import (
	"errors"
	"fmt"
	"time"
)

// Config says what to generate. A zero field means its default.
type Config struct {
	Experiments int     // by unit, at most 1000; default 3: one better, one null, one harmful, and so on in turn
	Rate        float64 // events a second; default: as many as are asked for
	Effect      float64 // of the better experiments, relative, on conversion; default 0.05; the harmful have -2 times it
	Seed        uint64
	Split       float64 // share of the treatment; default 0.5

	Duplicates float64 // share of events that come again, 0 to 0.5
	Late       float64 // share of events that come up to two seconds late, 0 to 0.5
	Tagged     float64 // share of events of an experiment by event, 0 to 1; above 0 there is one

	Window time.Duration // of all metrics but guardrails; default 10 s

	// Guarded gives the harmful experiments a guardrail on errors, of which their treatment makes three times as many, that ends
	// them. The truth goes on: it has what came after the end, too.
	Guarded bool
}

// The bounds of a configuration.
const (
	maxExperiments = 1000
	maxShare       = 0.5
)

func (c *Config) defaults() {
	if c.Experiments == 0 {
		c.Experiments = 3
	}
	if c.Effect == 0 {
		c.Effect = 0.05
	}
	if c.Split == 0 {
		c.Split = 0.5
	}
	if c.Window == 0 {
		c.Window = 10 * time.Second
	}
}

// Validate reports every fault at once.
func (c Config) Validate() error {
	c.defaults()
	var faults []error
	within := func(name string, value, low, high float64) {
		if !(value >= low && value <= high) {
			faults = append(faults, fmt.Errorf("load: %s %g: want %g to %g", name, value, low, high))
		}
	}
	within("experiments", float64(c.Experiments), 1, maxExperiments)
	within("rate", c.Rate, 0, 1e9)
	within("effect", c.Effect, -0.4, 1)
	within("split", c.Split, 0.01, 0.99)
	within("duplicates", c.Duplicates, 0, maxShare)
	within("late", c.Late, 0, maxShare)
	within("tagged", c.Tagged, 0, 1)
	within("window in seconds", c.Window.Seconds(), 5, 1e9)
	return errors.Join(faults...)
}
