package mirror

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// ownerField is the field of Sentinel with the owner. It goes when the tokens go, so who empties Redis frees it.
const ownerField = "owner"

// ForeignError says that a Redis has another owner.
type ForeignError struct {
	Owner string // the one it has
}

// Error says whose it is, and what to do.
func (e *ForeignError) Error() string {
	return fmt.Sprintf("redis belongs to installation %s, and the keys of two would overwrite each other: give another database, "+
		"such as redis://localhost:6379/1, or hdel %s %s if that installation is no more", e.Owner, Sentinel, ownerField)
}

// CheckOwner gives a ForeignError where Redis has an owner other than the one named. A Redis that does not answer within
// the timeout has none: the mirror looks again before it writes.
func CheckOwner(ctx context.Context, client redis.UniversalClient, owner string, timeout time.Duration) error {
	own, err := bound(client, timeout)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	s := sentinel{owner: owner}
	_, err = s.check(ctx, own)
	if another := (*ForeignError)(nil); errors.As(err, &another) {
		return err
	}
	return nil
}
