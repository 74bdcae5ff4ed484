package worker

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"regexp"
	"runtime"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/plugin/kzap"
	"go.uber.org/zap"

	"github.com/abacus-stream/abacus/state/memory"
	"github.com/abacus-stream/abacus/state/pebble"
	"github.com/abacus-stream/abacus/topology"
)

// Config says how an app runs. Zero fields mean the defaults.
type Config struct {
	Brokers     []string
	StateDir    string        // local state; default ./<app>-state; unused with Memory
	Instance    string        // name of this process in the group; default: kept in the state directory
	Memory      bool          // stores in memory: restored from the changelogs at each start
	Rows        *memory.DB    // where Memory keeps them; default: one of its own. One that outlives the app stands for a disk in tests
	Workers     int           // default: number of cores
	CommitEvery time.Duration // longest commit interval, default 100 ms
	// CheckpointEvery is how long rows committed in the log may stay out of the local state, default 5 s. It is what a
	// process that was killed replays; a row that changes often is written once in that time.
	CheckpointEvery time.Duration
	CommitBytes     int64         // buffered bytes of a worker that force a commit, default 16 MiB
	PollRecords     int           // records of one poll, default 10,000
	CacheBytes      int64         // hot rows of all stores of a worker, shared by need, default 1 GiB
	IdleAfter       time.Duration // quiet time after which a task is idle, default max(1 s, grace)
	// RepartitionLag is how many records of a partition of a repartition topic may wait for their reader before the
	// sources that feed it are held back, in each process, default 500,000; negative: any number.
	RepartitionLag int64
	MaxAhead       time.Duration // that an event may lie ahead of its append time, default 5 min
	Session        time.Duration // of group membership, default 10 s
	// ChangelogSlack is how long the changelogs of windows keep rows beyond the end of their windows, default 24 h: longer
	// than the app is ever down, or its stream time behind the wall clock, or rows of open windows are lost with its disk.
	ChangelogSlack time.Duration
	DeadLetters    string      // topic, which the app does not use otherwise, default <app>.dlq
	Lates          string      // the same of late records, default <app>.late
	Logger         *zap.Logger // default: none
	Dial           func(ctx context.Context, network, host string) (net.Conn, error)
	// Client are options of every client of Kafka, as kgo.SASL and kgo.DialTLSConfig. What the app sets itself goes before
	// them; those that would break its guarantees are faults.
	Client []kgo.Opt
	// Replication is the replication factor of the topics that the app makes; default -1, that of the broker.
	Replication int
	Policies    Policies
	Guarantee   Guarantee // default ExactlyOnce
	Hooks       Hooks
	// Standbys is the number of warm copies of each task's stores in other instances, default 0. One that is there takes the
	// task over with nothing but the tail to replay. The instance that leads the group goes by its own number: give all the same.
	Standbys int
	// AcceptableLag is how many changelog offsets a copy of a task may lack for the task to move to it, default 10,000
	// (Kafka Streams: acceptable.recovery.lag). A task that is to move to an instance that lacks more stays until the copy
	// that is warmed there is near. Going by that of the instance that leads the group.
	AcceptableLag int64
	Rack          string // where this instance runs: standbys lie in other racks than their tasks if they can; default: not known
	// Advertise is the host:port at which other instances reach the HTTP of package query in this one; default: none
	// does.
	Advertise string
	disk      pebble.Disk // of the state directory; that of a test fails
}

// Hooks observe an app. Each is called on the goroutine of what it tells of; nil hooks cost nothing. One that waits holds
// that goroutine up: a Store read in Committed waits for the worker that it is called by, until its context ends. One
// that panics ends Run with an error.
type Hooks struct {
	// Committed is called after each commit with its records and its duration.
	Committed func(worker int, records int, took time.Duration)
	// Processed is called after each commit with the records that the tasks of a sub-topology have processed for it.
	Processed func(sub string, records int64)
	// Counted hands over the counters of the tasks after each commit.
	Counted func(name string, n int64)
	// Reported is called about once a second, and at the end of each session with the error that ended it.
	Reported func(Report)
	// Restored is called after each fetch of a restore with its records; left are the offsets still to come.
	Restored func(task topology.TaskID, store string, records int, left int64)
	// DeadLetter and Late are called after each commit for what it has written to these topics; it is theirs for the call.
	DeadLetter, Late func(*kgo.Record)
	// Alarmed is called once the share of records put aside has passed Policies.Alarm.
	Alarmed func(share float64)
	// Rebalanced is called with the tasks that a worker has by a new assignment, those to be restored among them.
	Rebalanced func(worker int, tasks []topology.TaskID)
	// Timed is called with the time that a node took for a record, without the nodes below it, of one record in 1,023.
	// It makes the worker follow every record through the nodes, some ns each.
	Timed func(node string, ns int64)
	// Client gives the hooks of a client of Kafka before it is made; the name tells it from others of the app that are open.
	Client func(name string) []kgo.Hook
	// Step is called after each of the five steps of a commit; an error is a crash at that place. For tests.
	Step func(worker int, step Step) error
}

const (
	// gap is the shortest time between EndTxn and the next produce: sooner, the broker is still
	// writing its markers and answers CONCURRENT_TRANSACTIONS.
	gap                = 5 * time.Millisecond
	transactionTimeout = 10 * time.Second
	// commitLimit ends a commit before the broker gives up its transaction, which would look as if
	// another producer had fenced this one.
	commitLimit = 8 * time.Second
	// joinPatience is how long a commit waits for a join under way.
	joinPatience = time.Second
)

func (c *Config) defaults(app string) {
	text := func(s *string, v string) {
		if *s == "" {
			*s = v
		}
	}
	length := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	text(&c.StateDir, "./"+app+"-state")
	text(&c.DeadLetters, app+".dlq")
	text(&c.Lates, app+".late")
	length(&c.CommitEvery, 100*time.Millisecond)
	length(&c.CheckpointEvery, 5*time.Second)
	length(&c.MaxAhead, 5*time.Minute)
	length(&c.ChangelogSlack, 24*time.Hour)
	length(&c.Session, 10*time.Second)
	if c.Workers == 0 {
		c.Workers = runtime.GOMAXPROCS(0)
	}
	if c.CommitBytes == 0 {
		c.CommitBytes = 16 << 20
	}
	if c.RepartitionLag == 0 {
		c.RepartitionLag = 500_000
	}
	if c.Replication == 0 {
		c.Replication = -1
	}
	if c.PollRecords == 0 {
		c.PollRecords = 10_000
	}
	if c.CacheBytes == 0 {
		c.CacheBytes = 1 << 30
	}
	length(&c.Policies.Alarm.Over, time.Minute)
	if c.Policies.Alarm.Least == 0 {
		c.Policies.Alarm.Least = 100
	}
	if c.AcceptableLag == 0 {
		c.AcceptableLag = 10_000
	}
	if c.Logger == nil {
		c.Logger = zap.NewNop()
	}
}

var (
	nameRule  = regexp.MustCompile(`^[a-zA-Z0-9._-]{1,100}$`)
	topicRule = regexp.MustCompile(`^[a-zA-Z0-9._-]{1,249}$`)
)

// Validate reports every fault of the configuration at once.
func (c *Config) Validate() error {
	var faults []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf("worker: "+format, args...))
		}
	}
	check(len(c.Brokers) > 0, "no brokers: name at least one host:port")
	check(c.Workers > 0, "workers is %d: at least 1", c.Workers)
	check(c.PollRecords > 0, "poll records is %d: at least 1", c.PollRecords)
	check(c.CommitEvery > 0, "commit interval is %s: must be positive", c.CommitEvery)
	check(c.CheckpointEvery > 0, "checkpoint interval is %s: must be positive", c.CheckpointEvery)
	check(c.ChangelogSlack > 0, "changelog slack is %s: must be positive", c.ChangelogSlack)
	check(c.CommitBytes > 0, "commit bytes is %d: must be positive", c.CommitBytes)
	check(c.Session >= time.Second, "session timeout is %s: at least 1s", c.Session)
	check(c.Replication == -1 || c.Replication > 0 && c.Replication <= math.MaxInt16, "replication is %d: at least 1, or -1 for that of the broker", c.Replication)
	check(c.Instance == "" || nameRule.MatchString(c.Instance), "instance is %q: a name in a group has 1 to 100 of a-z A-Z 0-9 . _ -", c.Instance)
	check(c.DeadLetters == "" || topicRule.MatchString(c.DeadLetters), "topic of dead letters is %q: a name has 1 to 249 of a-z A-Z 0-9 . _ -", c.DeadLetters)
	check(c.Lates == "" || topicRule.MatchString(c.Lates), "topic of late records is %q: a name has 1 to 249 of a-z A-Z 0-9 . _ -", c.Lates)
	checkClient(c.Client, check)
	check(c.Guarantee <= AtLeastOnce, "guarantee is %d: there is none of that number", c.Guarantee)
	c.Policies.validate(check)
	check(c.Standbys >= 0, "standbys is %d: at least 0", c.Standbys)
	check(c.AcceptableLag > 0, "acceptable lag is %d: must be positive", c.AcceptableLag)
	_, port, err := net.SplitHostPort(c.Advertise)
	check(c.Advertise == "" || err == nil && port != "", "advertised address is %q: must be host:port", c.Advertise)
	return errors.Join(faults...)
}

// base are the options of every client of the app; the name is for its hooks.
func (c *Config) base(name string) []kgo.Opt {
	opts := append(slices.Clone(c.Client), // first: of two settings the last counts
		kgo.SeedBrokers(c.Brokers...),
		kgo.WithLogger(kzap.New(c.Logger.Named("kgo"), kzap.Level(kgo.LogLevelWarn))),
		kgo.MetadataMinAge(50*time.Millisecond),
	)
	if c.Dial != nil {
		opts = append(opts, kgo.Dialer(c.Dial))
	}
	if c.Hooks.Client != nil {
		opts = append(opts, kgo.WithHooks(c.Hooks.Client(name)...))
	}
	return opts
}
