package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/abacus-stream/abacus/processors/mirror"
)

// trial is a run of a contender under steady events.
type trial struct {
	name      string
	contender string        // windows or streams; empty: the engine
	warm      time.Duration // not measured
	emitEvery time.Duration // zero: the default of the flow
	mirror    bool          // also read what comes to Redis
	standIn   bool          // a second process runs from the start
	crash     bool          // the first process is killed when half of the time is over, and started again if there is no second
}

const (
	rate   = 5000             // events per second
	steady = 20 * time.Second // measured
	// warming is before it: a JVM takes some seconds to begin, and then to compile.
	warming, warmingJVM = 5 * time.Second, 15 * time.Second
)

// events is how many a trial sends.
func (t trial) events() int64 { return rate * int64((t.warm+steady)/time.Second) }

// trialRuns is the most runs of a trial: one takes half a minute, and has 100,000 events to go by.
const trialRuns = 3

// latencies are what a trial measured, event by event; nothing where events were lost: who counts cannot tell which.
type latencies struct {
	topic, redis []time.Duration
	lost         int64         // read, and never counted
	silence      time.Duration // the longest between two results
}

// run makes a stage for the trial, runs it and deletes the stage.
func (t trial) run(ctx context.Context, brokers []string, redisAddr, prefix, dir string) (took latencies, err error) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	s, err := newStage(ctx, brokers, prefix+t.name+"-", tagged(0))
	if err != nil {
		return took, err
	}
	defer func() { err = errors.Join(err, s.forget(context.WithoutCancel(ctx), s.prefix)); s.client.Close() }()
	first := job{Contender: cmp.Or(t.contender, "engine"), Brokers: brokers, Prefix: s.prefix, App: s.prefix + "-app", Dir: dir + "/first", EmitEvery: t.emitEvery}
	if first.Contender == "streams" {
		first.Workers = 1
	}
	if err := s.prepare(ctx, first); err != nil {
		return took, err
	}
	if t.mirror {
		first.Redis = redisAddr
	}
	crew, err := t.staff(first, dir)
	defer func() {
		for _, c := range crew {
			c.Stop(30 * time.Second)
		}
	}()
	if err != nil {
		return took, err
	}
	return t.measure(ctx, s, first, &crew)
}

// staff starts the processes of the trial.
func (t trial) staff(first job, dir string) (crew []*child, err error) {
	jobs := []job{first}
	if t.standIn {
		second := first
		second.Dir = dir + "/second"
		jobs = append(jobs, second)
	}
	for _, j := range jobs {
		c, err := begin(j)
		if err != nil {
			return crew, err
		}
		crew = append(crew, c)
	}
	return crew, nil
}

// measure sends the traffic, disturbs it and reads until all of it is in.
func (t trial) measure(ctx context.Context, s *stage, first job, crew *[]*child) (took latencies, err error) {
	in, err := s.totals(ctx, first)
	if err != nil {
		return took, err
	}
	defer in.client.Close()
	if err := s.joined(ctx, first); err != nil {
		return took, err
	}
	flow := newTraffic(rate, first.group())
	began := time.Now()
	reading := flow.reading(began.Add(t.warm))
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	failed := make(chan error, 3)
	go func() { failed <- flow.send(ctx, s, t.warm+steady) }()
	shown := make(chan []time.Duration, 1)
	if first.Redis != "" {
		go func() {
			r := flow.reading(began.Add(t.warm))
			failed <- follow(ctx, first.Redis, r, t.events())
			shown <- r.took
		}()
	}
	if t.crash {
		go func() {
			time.Sleep(t.warm + steady/2)
			failed <- t.strike(first, crew)
		}()
	}
	if took, err = t.read(ctx, s, first, in, reading); err != nil {
		return took, err
	}
	if err := <-failed; err != nil {
		return took, err
	}
	if t.crash {
		err = <-failed
	}
	if first.Redis != "" {
		err = errors.Join(err, <-failed)
		took.redis = <-shown
	}
	return took, err
}

// read takes in results until all events are in, or until those that are not will never be.
func (t trial) read(ctx context.Context, s *stage, j job, in *totals, r *reading) (took latencies, err error) {
	var last time.Time
	see := func(group string, so total) {
		now := time.Now()
		r.see(group, so.n, now)
		if !last.IsZero() && now.After(r.from) {
			took.silence = max(took.silence, now.Sub(last))
		}
		last = now
	}
	for r.all() < t.events() {
		more, err := s.more(ctx, in, see)
		if err != nil {
			return took, fmt.Errorf("%s: %w", t.name, err)
		}
		if more || time.Now().Before(r.from.Add(steady)) {
			continue
		}
		if over, err := s.over(ctx, j); err != nil || over {
			took.lost = t.events() - r.all()
			return took, err
		}
	}
	took.topic = r.took
	return took, nil
}

// strike kills the first process; where no other is there to take over, it is started again.
func (t trial) strike(first job, crew *[]*child) error {
	(*crew)[0].Kill()
	if t.standIn {
		return nil
	}
	again, err := begin(first)
	if err == nil {
		(*crew)[0] = again
	}
	return err
}

// follow reads the hashes of Redis as they are announced, until all events are in.
func follow(ctx context.Context, addr string, r *reading, events int64) error {
	client := redis.NewClient(&redis.Options{Addr: addr})
	defer client.Close()
	updates := client.Subscribe(ctx, "ab:updates")
	defer updates.Close()
	var fields []string
	for _, arm := range arms {
		fields = append(fields, arm+".latency.n")
	}
	for r.all() < events {
		update, err := updates.ReceiveMessage(ctx)
		if err != nil {
			return fmt.Errorf("updates of Redis, %d events are in: %w", r.all(), err)
		}
		if !strings.HasPrefix(update.Payload, "ranker-") {
			continue
		}
		values, err := client.HMGet(ctx, mirror.StatsKey(update.Payload), fields...).Result()
		if err != nil {
			return err
		}
		var n int64
		for _, v := range values {
			text, _ := v.(string)
			k, _ := strconv.ParseInt(text, 10, 64)
			n += k
		}
		r.see(update.Payload, n, time.Now())
	}
	return nil
}

// text names the trial for people.
func (t trial) text() string {
	whose := map[string]string{"windows": "windows, ours", "streams": "windows, Kafka Streams, 1 thread"}[t.contender]
	switch {
	case whose != "" && t.crash:
		return whose + ": the only process is killed, and started again at once"
	case whose != "":
		return whose
	case t.standIn:
		return "one of two processes is killed, the other takes over"
	case t.crash:
		return "the only process is killed, and started again at once on its state"
	case t.emitEvery > 0:
		return fmt.Sprintf("a total at most every %s", t.emitEvery)
	}
	return "a total at most every 20 ms (default)"
}
