package mirror

import (
	"context"
	_ "embed"
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
	owner        string // that Redis is to have; empty: any
	owned        bool   // it was seen to have it
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
	have, err := client.HMGet(ctx, Sentinel, s.partition, ownerField).Result()
	if err != nil {
		return false, fmt.Errorf("mirror: read %s: %w", Sentinel, err)
	}
	token, _ := have[0].(string)
	owner, _ := have[1].(string)
	if s.owned = s.owner == "" || owner == s.owner; !s.owned && owner != "" {
		return false, &ForeignError{Owner: owner}
	}
	s.due, s.last = false, token
	s.stale = s.stale || s.acknowledged == 0 || !s.owned
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

// renew ends a pipeline with a new token, and the owner where there is none, and sends it. Neither is set where another
// token has come in the place of the last known.
func (s *sentinel) renew(ctx context.Context, pipe redis.Pipeliner, wall int64) (another bool, err error) {
	number, token := s.next(wall)
	reply := pipe.Eval(ctx, renewal, []string{Sentinel}, s.partition, token, s.last, s.prefix, s.acknowledged, s.owner)
	if _, err := pipe.Exec(ctx); err != nil {
		return false, err
	}
	have, err := reply.StringSlice()
	switch {
	case err != nil:
		return false, err
	case len(have) > 1:
		s.due = true
		return false, &ForeignError{Owner: have[1]}
	case len(have) > 0:
		s.last = have[0]
		return true, nil
	}
	s.acknowledged, s.last, s.stale, s.owned = number, token, false, true
	return false, nil
}
