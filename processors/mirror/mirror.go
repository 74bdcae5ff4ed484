package mirror

import (
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/topology"
)

const (
	table = "mirror"
	// undecodable is the reason of dead letters that are no stats records.
	undecodable = "undecodable"
)

// Config says what is mirrored where. Zero fields mean the defaults.
type Config struct {
	Prefix string // of the topics, default abacus
	// TopicID is the identity of the stats topic, such as its id in Kafka; default its name. A topic made anew under the
	// same name begins at offset 0 again: without an id of its own its records count as old ones.
	TopicID string
	// Owner is the installation, as Redis is told it: one that has another owner is left alone, as there is one set of keys.
	// Empty: Redis is not asked.
	Owner string
	// Redis is required; the caller closes it. A *redis.Client is bounded by Timeout whatever its options, any other
	// kind needs ContextTimeoutEnabled.
	Redis   redis.UniversalClient
	Timeout time.Duration // that Redis may hold up one commit of a task, default 250 ms
	Log     *zap.Logger   // default: none
	// Waiting is told before each commit of a task how many experiments Redis has yet to be told of; nil: nobody is.
	Waiting func(partition int32, experiments int)
}

func (c Config) withDefaults() Config {
	if c.Prefix == "" {
		c.Prefix = "abacus"
	}
	if c.TopicID == "" {
		c.TopicID = c.stats()
	}
	if c.Timeout <= 0 {
		c.Timeout = 250 * time.Millisecond
	}
	if c.Log == nil {
		c.Log = zap.NewNop()
	}
	return c
}

func (c Config) stats() string { return c.Prefix + ".stats" }

// Build adds the mirror to a topology. A configuration without a client, or with one whose waiting has no bound, is a
// fault that the topology's Build reports.
func Build(b *topology.Builder, cfg Config) {
	cfg = cfg.withDefaults()
	client, err := bound(cfg.Redis, cfg.Timeout)
	if err != nil {
		b.Fault("node %q: %w", table, err)
	}
	cfg.Redis = client
	shared := &health{log: cfg.Log}
	source := topology.FromTimed(b, cfg.stats(), codecs.String, codecs.Bytes, untimed)
	needs := topology.Needs{Stores: []topology.Store{{Name: table, SourceTopic: cfg.stats()}, {Name: shownTable}}}
	topology.Process(source, table, needs, func(topology.Forward[string, []byte]) topology.Processor[string, []byte] {
		return &processor{cfg: cfg, health: shared}
	})
}

// untimed leaves stream time alone: nothing here waits for it.
func untimed(_ *topology.Record[string, []byte], src *topology.Source) (int64, bool) {
	return src.Appended, false
}

// processor is the mirror of one partition.
type processor struct {
	cfg    Config
	health *health
	ctx    topology.Context
	rows   *state.Table // of the stats topic
	shown  shownRows

	backlog  backlog
	sentinel sentinel
	more     *topology.Timer // wakes the flush for what it has left
}

// Init puts every hash into the backlog: the task before this one may not have got through to Redis.
func (p *processor) Init(ctx topology.Context) error {
	p.ctx, p.rows = ctx, ctx.Table(table)
	p.shown = shownRows{table: ctx.Table(shownTable)}
	p.backlog = backlog{experiments: map[string]*experiment{}}
	p.sentinel = sentinel{partition: fmt.Sprint(ctx.Task().Partition), topic: p.cfg.TopicID, owner: p.cfg.Owner, due: true}
	var tick *topology.Timer
	tick = ctx.OnWallClock(func(now int64) error {
		p.sentinel.due = true
		tick.At(now + second)
		return nil
	})
	tick.At(0)
	p.more = ctx.OnWallClock(func(int64) error { return nil }) // a task that did something is flushed
	ctx.OnFlush(p.flush)
	return p.everything(false)
}

// everything puts all hashes into the backlog; again has them written over equal ones.
func (p *processor) everything(again bool) error {
	return p.shown.each(func(name, grain string) {
		h := p.backlog.add(name, grain)
		h.again = h.again || again
	})
}

// Process takes a record of the stats topic over and finds the hash that it changes.
func (p *processor) Process(rec *topology.Record[string, []byte]) error {
	src := p.ctx.Source()
	if src.Value == nil {
		p.rows.Delete(src.Key)
	} else {
		p.rows.Put(src.Key, src.Value)
	}
	key, err := result.ParseKey(rec.Key)
	var value *result.Record
	if err == nil && src.Value != nil {
		value, err = parse(rec.Key, src.Value)
	}
	if err != nil {
		p.ctx.DeadLetter(undecodable, err)
		return nil
	}
	return p.change(key, value, src.Offset)
}

// parse reads a row of the stats topic.
func parse(key string, data []byte) (rec *result.Record, err error) {
	if err = result.Codec.Parse(data, &rec); err != nil {
		return nil, err
	}
	if rec.Key() != key {
		return nil, fmt.Errorf("mirror: the record of key %q is one of %q", key, rec.Key())
	}
	return rec, nil
}

// change puts a hash into the backlog if the record changes it: a total's or a segment's does, a window's unless a newer one is shown.
// A nil record is a tombstone.
func (p *processor) change(key result.Key, rec *result.Record, offset int64) error {
	grain := grainOf(key)
	now, err := p.shown.get(key.Experiment, grain)
	if err != nil {
		return err
	}
	window := ofWindows(grain)
	if window && now.present && key.Start < now.start {
		return nil
	}
	next := shown{offset: offset, present: rec != nil, start: key.Start}
	if rec == nil && window && now.present {
		if next.start, rec, err = p.newest(key); err != nil {
			return err
		}
		next.present = rec != nil
	}
	p.shown.put(key.Experiment, grain, next)
	p.backlog.add(key.Experiment, grain).rec = rec
	return nil
}
