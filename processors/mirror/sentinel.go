package mirror

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// sentinel is the token of one partition in ab:mirror: the last that Redis has acknowledged. A token is the topic, the
// wall time of the task's first one, and a number.
type sentinel struct {
	topic        string
	partition    string
	due          bool   // to be read before anything is written
	stale        bool   // to be set though nothing is written
	prefix       string // of this task's tokens; empty before the first
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

// check reads the token and says whether Redis has lost what it had, or has never had anything. A token that was given
// and not acknowledged is as good as a later one: what came before it is there.
//
// Before the first token of a task any will do: everything is in the backlog, and the guard overwrites what is older.
func (s *sentinel) check(ctx context.Context, client redis.Cmdable) (lost bool, err error) {
	have, err := client.HGet(ctx, Sentinel, s.partition).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return false, fmt.Errorf("mirror: read %s: %w", Sentinel, err)
	}
	s.due = false
	if s.acknowledged == 0 {
		lost = have == ""
		s.stale = true
		return lost, nil
	}
	text, own := strings.CutPrefix(have, s.prefix)
	number, err := strconv.Atoi(text)
	lost = !own || err != nil || number < s.acknowledged
	s.stale = s.stale || lost
	return lost, nil
}

func (s *sentinel) acknowledge(number int) {
	s.acknowledged, s.stale = number, false
}
