package mirror

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"

	"github.com/abacus-stream/abacus/codecs/result"
)

// pipelineArgs is the number of arguments at which a pipeline is sent: some 10 ms of Redis.
const pipelineArgs = 20_000

// flush writes the backlog before a commit. Errors of Redis stay here; what it gives back are errors of our own state.
func (p *processor) flush() error {
	if p.cfg.Waiting != nil {
		defer func() { p.cfg.Waiting(p.ctx.Task().Partition, len(p.backlog.order)) }()
	}
	wall := p.ctx.WallTime()
	if len(p.backlog.order) == 0 && !p.sentinel.due && !p.sentinel.stale {
		return nil
	}
	if p.health.away(wall) {
		p.more.Sooner(p.health.until.Load())
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), p.cfg.Timeout)
	defer cancel()
	err := p.write(ctx, wall)
	p.backlog.sweep()
	var away *awayError
	switch {
	case errors.As(err, &away):
		p.ctx.Count("redis_errors", 1)
		p.more.Sooner(p.health.failed(wall, err))
	case err != nil:
		return err
	default:
		p.health.succeeded()
	}
	return nil
}

// awayError is an error of Redis: it has not answered, or what it answers concerns all that we could ask.
type awayError struct{ cause error }

func (e *awayError) Error() string { return e.cause.Error() }
func (e *awayError) Unwrap() error { return e.cause }

// write checks the sentinel, then sends pipelines until the backlog is empty or half of the time is gone: the other
// half is for the pipeline that is under way.
func (p *processor) write(ctx context.Context, wall int64) error {
	begin, cancel := context.WithTimeout(ctx, p.cfg.Timeout/2)
	defer cancel()
	if p.sentinel.due {
		lost, err := p.sentinel.check(ctx, p.cfg.Redis)
		if err != nil {
			return &awayError{err}
		}
		if err := p.again(lost); err != nil {
			return err
		}
	}
	ready := p.backlog.ready(wall)
	for len(ready) > 0 || p.sentinel.stale {
		if begin.Err() != nil {
			p.more.Sooner(wall) // at the next turn
			return nil
		}
		calls, rest, err := p.calls(ready)
		if err != nil {
			return err
		}
		lost, err := p.send(ctx, calls, wall)
		if err != nil {
			return err
		}
		if ready = rest; lost {
			if err := p.again(true); err != nil {
				return err
			}
			ready = p.backlog.ready(wall)
		}
	}
	return nil
}

// again has everything written again when Redis has lost something.
func (p *processor) again(lost bool) error {
	if !lost {
		return nil
	}
	if p.sentinel.acknowledged > 0 {
		p.ctx.Count("redis_lost", 1)
		p.cfg.Log.Warn("redis has lost what was written; everything is written again", zap.String("partition", p.sentinel.partition))
	}
	return p.everything(true)
}

// calls makes the calls of one pipeline and gives what is left for further ones. Where Redis has no token or no owner there
// are none: these come first, or a loss while the hashes are written would leave no trace.
func (p *processor) calls(ready []*experiment) (calls []*call, rest []*experiment, err error) {
	if p.sentinel.last == "" || !p.sentinel.owned {
		return nil, ready, nil
	}
	args := 0
	for i, e := range ready {
		if args >= pipelineArgs {
			return calls, ready[i:], nil
		}
		c, err := p.newCall(e)
		if err != nil {
			return nil, nil, err
		}
		calls, args = append(calls, c), args+len(c.args)
	}
	return calls, nil, nil
}

// send makes the calls in one pipeline; in a second, what is true once they are: the set, the notes, the token. It says
// whether Redis has lost what was there before.
func (p *processor) send(ctx context.Context, calls []*call, wall int64) (lost bool, err error) {
	pipe := p.cfg.Redis.Pipeline()
	replies := make([]*redis.Cmd, len(calls))
	for i, c := range calls {
		if len(c.hashes) > 0 {
			replies[i] = pipe.Eval(ctx, script, c.keys, c.args...)
		}
	}
	if _, err := pipe.Exec(ctx); err != nil && !refused(err) {
		return false, &awayError{fmt.Errorf("mirror: write hashes: %w", err)}
	}
	after := p.cfg.Redis.Pipeline()
	for i, c := range calls {
		if replies[i] != nil {
			p.settle(ctx, after, c, replies[i], wall)
		} else {
			c.of.done = true
		}
	}
	another, err := p.sentinel.renew(ctx, after, wall) // last: see the invariant in the package doc
	if err != nil {
		err = &awayError{fmt.Errorf("mirror: write %s and %s: %w", Experiments, Sentinel, err)}
	}
	if another || err != nil {
		for _, c := range calls {
			c.of.done = false
		}
	}
	return another && p.sentinel.lost(), err
}

// settle reads the answer to a call. An experiment that Redis refuses is left alone for a second, the others go on.
func (p *processor) settle(ctx context.Context, after redis.Pipeliner, c *call, reply *redis.Cmd, wall int64) {
	codes, err := reply.Int64Slice()
	if err == nil && len(codes) != len(c.hashes) {
		err = fmt.Errorf("%d answers to %d hashes", len(codes), len(c.hashes))
	}
	if err != nil {
		p.ctx.Count("redis_errors", 1)
		p.cfg.Log.Warn("redis refuses an experiment", zap.String("experiment", c.of.name), zap.Error(err))
		c.of.retryAt = wall + second
		p.more.Sooner(c.of.retryAt)
		return
	}
	for i, h := range c.hashes {
		p.count(codes[i])
		h.again = false
		c.of.note = c.of.note || codes[i] == 1
		switch {
		case h.grain != result.Total || codes[i] < 0:
		case h.present:
			after.SAdd(ctx, Experiments, c.of.name)
		default:
			after.SRem(ctx, Experiments, c.of.name)
		}
	}
	if c.of.note {
		after.Publish(ctx, Updates, c.of.name)
	}
	c.of.done = true
}

func (p *processor) count(code int64) {
	switch code {
	case 1:
		p.ctx.Count("redis_hashes", 1)
	case -1:
		p.ctx.Count("redis_newer", 1)
	}
}
