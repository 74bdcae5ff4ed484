package worker

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/abacus-stream/abacus/topology/task"
)

// metadataHead begins the metadata of an offset: the version of its layout.
const metadataHead = "1:"

// metadata goes with the committed offset of a topic: 1:<sub-topology>:<position without its
// inputs>:<topic id>, the last two in base 64. It is under 256 bytes.
func metadata(r *running, topic [16]byte) string {
	p := r.task.Position()
	p.Inputs = nil
	enc := base64.RawStdEncoding.EncodeToString
	return metadataHead + r.sub.Name + ":" + enc(task.AppendPosition(nil, p)) + ":" + enc(topic[:])
}

// recreated fails when a committed offset is of an earlier topic of the same name: applied to the
// present one it would skip records silently.
func (w *worker) recreated(ctx context.Context, r *restored, committed kadm.OffsetResponses) error {
	for _, src := range r.sub.Sources {
		o, ok := committed.Lookup(src.Topic, r.id.Partition)
		was := strings.TrimPrefix(o.Metadata, metadataHead+r.sub.Name+":")
		_, id, of := strings.Cut(was, ":")
		if !ok || !of || was == o.Metadata {
			continue
		}
		details, err := w.app.admin.ListTopics(ctx, src.Topic)
		if err != nil {
			return fmt.Errorf("id of topic %s: %w", src.Topic, err)
		}
		if now := details[src.Topic]; now.Err == nil && id != base64.RawStdEncoding.EncodeToString(now.ID[:]) {
			return fmt.Errorf("topic %s was deleted and created again, the committed offset %d is of the deleted one; %w", src.Topic, o.At, errRefused)
		}
	}
	return nil
}
