package worker

import (
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/topology"
)

// admission lets the records of a changelog into a store: of a source topic those that processing takes.
type admission func(key, value []byte, appended int64) error

// admit is the admission of a store; nil lets all in.
func admit(def topology.Store) admission {
	if def.Refuses == nil {
		return nil
	}
	return def.Refuses()
}

// lets says whether a record gets in. An error is one that says nothing of the record.
func (a admission) lets(rec *kgo.Record) (bool, error) {
	if a == nil {
		return true, nil
	}
	err := a(rec.Key, rec.Value, rec.Timestamp.UnixMilli())
	if errors.Is(err, codecs.ErrRegistry) {
		return false, fmt.Errorf("%s/%d: record at offset %d: %w", rec.Topic, rec.Partition, rec.Offset, err)
	}
	return err == nil, nil
}
