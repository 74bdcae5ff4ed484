package worker

import (
	"time"

	"go.uber.org/zap"

	"github.com/abacus-stream/abacus/topology"
)

// tellEvery is how often a restore that takes long says how far it is.
const tellEvery = 5 * time.Second

// restoring is how a restore of a task comes along.
type restoring struct {
	log         *zap.Logger
	task        topology.TaskID
	began, told time.Time
	records     int
}

func newRestoring(log *zap.Logger, id topology.TaskID, now time.Time) *restoring {
	return &restoring{log: log, task: id, began: now, told: now}
}

// add counts the records of a fetch, after which so many offsets of a store's changelog are to come.
func (p *restoring) add(store string, records int, left int64, now time.Time) {
	p.records += records
	if now.Sub(p.told) < tellEvery {
		return
	}
	p.told = now
	p.log.Info("restoring", zap.Stringer("task", p.task), zap.String("store", store), zap.Int("records", p.records),
		zap.Int("per second", p.rate(now)), zap.Int64("remaining", left))
}

// end tells of a restore that is complete, if there was anything to restore.
func (p *restoring) end(now time.Time) {
	if p.records > 0 {
		p.log.Info("restored", zap.Stringer("task", p.task), zap.Int("records", p.records), zap.Int("per second", p.rate(now)),
			zap.Duration("took", now.Sub(p.began)))
	}
}

// rate is in records per second.
func (p *restoring) rate(now time.Time) int {
	return int(float64(p.records) / max(now.Sub(p.began).Seconds(), 1e-3))
}
