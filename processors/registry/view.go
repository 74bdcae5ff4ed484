package registry

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"

	"github.com/IBM/sarama"
	"github.com/lovoo/goka"
	"github.com/lovoo/goka/storage"
	"go.uber.org/zap"

	"github.com/abacus-stream/abacus/processors/experiment"
)

// View holds the entries of the registry as they are now, decoded, in memory. Its methods may be called by any
// goroutine; entries are shared and never changed: a change is another entry.
type View struct {
	cfg     Config
	log     *zap.Logger
	view    *goka.View
	clients []io.Closer // that goka opened and does not close

	mu struct {
		sync.RWMutex
		entries map[string]*experiment.Entry
		changed chan struct{} // closed at the next change
	}
}

// NewView connects and creates the topics if they are missing. Run fills the view.
func NewView(ctx context.Context, cfg Config) (*View, error) {
	if err := EnsureTopics(ctx, cfg); err != nil {
		return nil, err
	}
	v := &View{cfg: cfg, log: cfg.logger()}
	v.mu.entries = map[string]*experiment.Entry{}
	v.mu.changed = make(chan struct{})
	view, err := goka.NewView(cfg.Brokers, goka.Table(cfg.Table()), experiment.EntryCodec{},
		goka.WithViewClientID("abacus-registry-view"),
		goka.WithViewLogger(logger{v.log}),
		goka.WithViewStorageBuilder(storage.MemoryBuilder()),
		goka.WithViewConsumerSaramaBuilder(v.consumer),
		goka.WithViewTopicManagerBuilder(v.topicManager),
		goka.WithViewBackoffBuilder(backoff),
		goka.WithViewAutoReconnect(),
		goka.WithViewCallback(v.update),
	)
	if err != nil {
		return nil, fmt.Errorf("registry: view of %s: %w", cfg.Table(), err)
	}
	v.view = view
	return v, nil
}

func (v *View) consumer(brokers []string, client string) (sarama.Consumer, error) {
	c, err := consumer(brokers, client)
	if err == nil {
		v.clients = append(v.clients, c)
	}
	return c, err
}

func (v *View) topicManager(brokers []string) (goka.TopicManager, error) {
	m, err := topicManager(brokers)
	if err == nil {
		v.clients = append(v.clients, m)
	}
	return m, err
}

// Run keeps the view up to date until ctx ends; then it returns nil. It reconnects by itself and is called once.
func (v *View) Run(ctx context.Context) error {
	defer func() {
		for _, client := range v.clients {
			_ = client.Close() // one of them is closed already
		}
	}()
	if err := v.view.Run(ctx); err != nil && ctx.Err() == nil {
		return fmt.Errorf("registry: view of %s: %w", v.cfg.Table(), err)
	}
	return nil
}

// Ready is closed once the view holds all that was in the table when Run began.
func (v *View) Ready() <-chan struct{} { return v.view.WaitRunning() }

// Entry of an experiment; nil if it has none with a version or a draft.
func (v *View) Entry(name string) *experiment.Entry {
	if e := v.row(name); e != nil && e.Current() != nil {
		return e
	}
	return nil
}

// Entries are all that have a version or a draft, by name.
func (v *View) Entries() []*experiment.Entry {
	v.mu.RLock()
	all := slices.Collect(maps.Values(v.mu.entries))
	v.mu.RUnlock()
	all = slices.DeleteFunc(all, func(e *experiment.Entry) bool { return e.Current() == nil })
	slices.SortFunc(all, func(a, b *experiment.Entry) int { return cmp.Compare(a.Experiment, b.Experiment) })
	return all
}

// Changed is closed at the next change. Ask for it before reading the entries: then no change is missed.
func (v *View) Changed() <-chan struct{} {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.mu.changed
}

// row is the entry as the table has it, be it only for refusals.
func (v *View) row(name string) *experiment.Entry {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.mu.entries[name]
}

// update takes a row of the table. One that cannot be read leaves the entry before it in force.
func (v *View) update(ctx goka.UpdateContext, store storage.Storage, key string, value []byte) error {
	var entry *experiment.Entry
	if value != nil {
		if err := (experiment.EntryCodec{}).Parse(value, &entry); err != nil {
			v.log.Error("an entry cannot be read", zap.String("experiment", key), zap.Int64("offset", ctx.Offset()), zap.Error(err))
			return nil
		}
	}
	v.mu.Lock()
	if entry == nil {
		delete(v.mu.entries, key)
	} else {
		v.mu.entries[key] = entry
	}
	close(v.mu.changed)
	v.mu.changed = make(chan struct{})
	v.mu.Unlock()
	return goka.DefaultUpdate(ctx, store, key, value)
}

// await waits until found has a result for the table as it is.
func (v *View) await(ctx context.Context, found func() bool) error {
	for {
		changed := v.Changed()
		if found() {
			return nil
		}
		select {
		case <-ctx.Done():
			return noAnswer(ctx)
		case <-changed:
		}
	}
}
