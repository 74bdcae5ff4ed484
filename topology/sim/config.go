package sim

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/worker"
)

// Config says what is simulated. Zero fields mean the defaults.
type Config struct {
	Topology func(b *topology.Builder) // declares it; called for the apps and for the oracle
	App      string                    // default "sim"
	// Input gives the records that producers write at a moment: called every Tick of the run with dice of their own.
	Input     func(rng *rand.Rand, now time.Time) []Record
	Tick      time.Duration // default 1 s
	Duration  time.Duration // virtual time with input and faults, default 15 min
	Seed      uint64        // of input and faults; 0: a fresh one, which is logged
	Every     time.Duration // mean time between faults, default 4 s
	Kinds     []Kind        // of faults; default: all
	Instances int           // default 2
	Brokers   int           // default 3
	// Partitions of the topics that the topology reads and writes, default 3; Topics names those that differ.
	Partitions int
	Topics     map[string]int
	// Worker holds the settings of the instances: Workers (default here 1), CommitEvery and so on. Brokers, Instance, Memory,
	// Rows, Dial, Logger and Hooks.Step are the simulation's.
	Worker worker.Config
	// Follows says what is wrong with a value that comes after another of the same key in an output topic; before is nil
	// for the first. Default: nothing is.
	Follows func(topic string, key, before, after []byte) error
	Exact   []string // output topics of which each key must have every value of the oracle, in order
	// Except says which keys of an output topic or a store are not compared. Default: none.
	Except func(name string, key []byte) bool
	// Settled is the time without a new record after which a run is over, default 30 s: longer than the longest grace, as
	// nothing is written before it is over. Deadline is the time in which that must come to pass, default 5 min.
	Settled, Deadline time.Duration
}

// Record is one record of an input.
type Record struct {
	Topic      string
	Key, Value []byte
}

func (c *Config) defaults() {
	length := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	number := func(n *int, v int) {
		if *n == 0 {
			*n = v
		}
	}
	length(&c.Tick, time.Second)
	length(&c.Duration, 15*time.Minute)
	length(&c.Every, 4*time.Second)
	length(&c.Settled, 30*time.Second)
	length(&c.Deadline, 5*time.Minute)
	number(&c.Instances, 2)
	number(&c.Brokers, 3)
	number(&c.Partitions, 3)
	number(&c.Worker.Workers, 1)
	if c.App == "" {
		c.App = "sim"
	}
	if c.Seed == 0 {
		c.Seed = rand.Uint64()
	}
	if c.Except == nil {
		c.Except = func(string, []byte) bool { return false }
	}
	if c.Follows == nil {
		c.Follows = func(string, []byte, []byte, []byte) error { return nil }
	}
}

// Validate reports every fault of the configuration at once.
func (c *Config) Validate() error {
	var faults []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf("sim: "+format, args...))
		}
	}
	check(c.Topology != nil, "no topology: declare one")
	check(c.Input != nil, "no input: without records nothing is shown")
	check(c.Duration > 3*calm, "duration is %s: longer than %s, as nothing happens in the first and the last %s", c.Duration, 3*calm, calm)
	check(c.Tick > 0 && c.Every > 0, "tick %s, every %s: must be positive", c.Tick, c.Every)
	check(c.Instances > 0 && c.Brokers > 0 && c.Partitions > 0, "%d instances, %d brokers, %d partitions: at least one of each", c.Instances, c.Brokers, c.Partitions)
	for _, kind := range c.Kinds {
		known := false
		for _, o := range odds {
			known = known || o.kind == kind
		}
		check(known, "kind of fault %q is none", kind)
	}
	return errors.Join(faults...)
}

// partitions is the number of those of a topic.
func (c *Config) partitions(topic string) int {
	if n, ok := c.Topics[topic]; ok {
		return n
	}
	return c.Partitions
}
