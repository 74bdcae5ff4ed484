package worker

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/zap"

	"github.com/abacus-stream/abacus/topology"
)

// globals are the global tables of the app: read once for all tasks, followed as long as it runs.
// Each has a client of its own: a broker answers the fetches of one in turn, so that whatever lay
// behind one that waits for news, as the fetches of restores, would wait with it.
type globals struct {
	app     *App
	readers []*reader
	mu      struct {
		sync.Mutex
		tables map[string]*globalTable // by topic
	}
}

func newGlobals(a *App) (*globals, error) {
	g := &globals{app: a}
	g.mu.tables = map[string]*globalTable{}
	for _, topic := range a.topo.Globals {
		g.mu.tables[topic] = &globalTable{newest: map[string]int{}}
		client, err := kgo.NewClient(a.cfg.base(a.topo.App + "-global-" + topic)...)
		if err != nil {
			g.close()
			return nil, fmt.Errorf("client: %w", err)
		}
		g.readers = append(g.readers, &reader{app: a, client: client, topic: topic, wait: 500 * time.Millisecond})
	}
	return g, nil
}

func (g *globals) close() {
	for _, r := range g.readers {
		r.client.Close()
	}
}

// load reads every global table to its present end.
func (g *globals) load(ctx context.Context) error {
	for _, r := range g.readers {
		if err := g.read(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// read reads a table from the start of its log to the present end, and again where the start has passed the reader by.
func (g *globals) read(ctx context.Context, r *reader) error {
	for {
		at := place{r.topic, r.partition}
		start, err := g.app.logStart(ctx, at)
		if err != nil {
			return err
		}
		end, err := g.app.logEnd(ctx, at)
		if err != nil {
			return err
		}
		r.next = start
		err = r.upTo(ctx, g.app.log, end, func(records []*kgo.Record) error {
			g.add(r.topic, records)
			return nil
		})
		if !errors.Is(err, kerr.OffsetOutOfRange) {
			return err
		}
	}
}

func (g *globals) add(topic string, records []*kgo.Record) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, rec := range records {
		g.mu.tables[topic].add(topology.GlobalRow{Key: rec.Key, Value: rec.Value, Offset: rec.Offset})
	}
}

// follow keeps the tables fresh until ctx ends.
func (g *globals) follow(ctx context.Context) error {
	var wg sync.WaitGroup
	for _, r := range g.readers {
		wg.Go(func() {
			for ctx.Err() == nil {
				if err := g.step(ctx, r); err != nil && ctx.Err() == nil {
					g.app.log.Warn("global table unreadable, trying again", zap.String("topic", r.topic), zap.Error(err))
					_ = pause(ctx, time.Second)
				}
			}
		})
	}
	wg.Wait()
	return nil
}

// step takes over what a table has had. One that has lost what comes next is read anew: what was deleted before it was read
// stays as it was.
func (g *globals) step(ctx context.Context, r *reader) error {
	records, err := r.fetch(ctx)
	if errors.Is(err, kerr.OffsetOutOfRange) {
		g.app.log.Error("a global table has lost records before they were read, it is read anew", zap.String("topic", r.topic), zap.Error(err))
		return g.read(ctx, r)
	}
	g.add(r.topic, records)
	return err
}

// since are the rows of a table from a number on.
func (g *globals) since(topic string, number int) []globalRow {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.mu.tables[topic].since(number)
}
