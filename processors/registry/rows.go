package registry

import (
	"fmt"
	"sync"

	"github.com/lovoo/goka"
	"github.com/lovoo/goka/storage"

	"github.com/abacus-stream/abacus/processors/experiment"
)

// rows is the table of the processor, in memory: what a command says of one experiment may depend on the others.
type rows struct {
	mu struct {
		sync.Mutex
		table storage.Storage // of the one partition; nil before it is assigned
	}
}

// build makes the table, as often as the partition is assigned.
func (r *rows) build(topic string, partition int32) (storage.Storage, error) {
	table, err := storage.MemoryBuilder()(topic, partition)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mu.table = table
	return table, nil
}

// entries are all rows as the last command left them. It is for the goroutine that decides.
func (r *rows) entries() (all []*experiment.Entry, err error) {
	r.mu.Lock()
	table := r.mu.table
	r.mu.Unlock()
	it, err := table.Iterator()
	if err != nil {
		return nil, fmt.Errorf("registry: rows: %w", err)
	}
	defer it.Release()
	for it.Next() {
		value, err := it.Value()
		if err != nil {
			return nil, fmt.Errorf("registry: row %s: %w", it.Key(), err)
		}
		var e *experiment.Entry
		if err := (experiment.EntryCodec{}).Parse(value, &e); err != nil {
			return nil, fmt.Errorf("registry: row %s: %w", it.Key(), err)
		}
		all = append(all, e)
	}
	return all, it.Err()
}

// beside are the rows that a command is decided beside: of one that brings an experiment into a layer, or keeps it there, all.
func (r *rows) beside(ctx goka.Context, cmd Command) []*experiment.Entry {
	entry, _ := ctx.Value().(*experiment.Entry)
	layered := cmd.Definition != nil && cmd.Definition.Layer != nil ||
		cmd.Definition == nil && cmd.Kind == KindRestart && entry != nil && entry.Current() != nil && entry.Current().Layer != nil
	if !layered {
		return nil
	}
	all, err := r.entries()
	if err != nil {
		ctx.Fail(err) // it does not return
	}
	return all
}
