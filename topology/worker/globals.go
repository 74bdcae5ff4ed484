package worker

import (
	"context"
	"fmt"
	"sync"
	"time"

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
		rows map[string][]topology.GlobalRow // by topic, append-only: a task keeps its place in it
	}
}

func newGlobals(a *App) (*globals, error) {
	g := &globals{app: a}
	g.mu.rows = map[string][]topology.GlobalRow{}
	for _, topic := range a.topo.Globals {
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
		ends, err := g.app.admin.ListEndOffsets(ctx, r.topic)
		if err != nil {
			return err
		}
		end, ok := ends.Lookup(r.topic, 0)
		if !ok || end.Err != nil {
			return fmt.Errorf("end of %s: %w", r.topic, end.Err)
		}
		for r.next < end.Offset {
			if err := g.step(ctx, r); err != nil && !passes(err) {
				return err
			} else if err != nil {
				g.app.log.Warn("global table unreadable, trying again", zap.String("topic", r.topic), zap.Error(err))
				if err := pause(ctx, 100*time.Millisecond); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (g *globals) step(ctx context.Context, r *reader) error {
	records, err := r.fetch(ctx)
	if err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, rec := range records {
		g.mu.rows[r.topic] = append(g.mu.rows[r.topic], topology.GlobalRow{Key: rec.Key, Value: rec.Value, Offset: rec.Offset})
	}
	return nil
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

// since gives the rows of a table from a place on; the rows are never changed.
func (g *globals) since(topic string, at int) []topology.GlobalRow {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.mu.rows[topic][at:]
}
