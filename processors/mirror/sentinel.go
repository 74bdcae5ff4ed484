package mirror

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// renewal sets a token where the one before it is still there.
//
//go:embed sentinel.lua
var renewal string

// sentinel is the token of one partition in ab:mirror: the last that Redis has acknowledged. A token is the topic, the
// wall time of the task's first one, and a number.
type sentinel struct {
	topic        string
	partition    string
	due          bool   // to be read before anything is written
	stale        bool   // to be set though nothing is written
	prefix       string // of this task's tokens; empty before the first
	last         string // that Redis was known to have; empty: none
	acknowledged int
	given        int
}

// next is a token that Redis has not seen.
func (s *sentinel) next(wall int64) (number int, token string) {
	if s.prefix == "" {
		s.prefix = fmt.Sprintf("%s %d ", s.topic, wall)
	}
	s.given++
	return s.given, s.prefix + strconv.Itoa(s.given)
}

// check reads the token and says whether Redis has lost what it had, or has never had anything.
func (s *sentinel) check(ctx context.Context, client redis.Cmdable) (lost bool, err error) {
	have, err := client.HGet(ctx, Sentinel, s.partition).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return false, fmt.Errorf("mirror: read %s: %w", Sentinel, err)
	}
	s.due, s.last = false, have
	s.stale = s.stale || s.acknowledged == 0
	return s.lost(), nil
}

// lost says whether the token that Redis was last known to have means a loss. One that was given and not acknowledged is
// as good as a later one: what came before it is there.
//
// Before the first token of a task any will do: everything is in the backlog, and the guard overwrites what is older.
func (s *sentinel) lost() bool {
	if s.acknowledged == 0 {
		return s.last == ""
	}
	text, own := strings.CutPrefix(s.last, s.prefix)
	number, err := strconv.Atoi(text)
	lost := !own || err != nil || number < s.acknowledged
	s.stale = s.stale || lost
	return lost
}

// renew ends a pipeline with a new token and sends it. The token is not set where another one has come in the place of
// the last known.
func (s *sentinel) renew(ctx context.Context, pipe redis.Pipeliner, wall int64) (another bool, err error) {
	number, token := s.next(wall)
	reply := pipe.Eval(ctx, renewal, []string{Sentinel}, s.partition, token, s.last, s.prefix, s.acknowledged)
	if _, err := pipe.Exec(ctx); err != nil {
		return false, err
	}
	have, err := reply.StringSlice()
	switch {
	case err != nil:
		return false, err
	case len(have) > 0:
		s.last = have[0]
		return true, nil
	}
	s.acknowledged, s.last, s.stale = number, token, false
	return false, nil
}
