package topics

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Deviation is one thing that is not as it has to be.
type Deviation struct {
	Topic   string `json:"topic,omitempty"` // empty: of the cluster
	Setting string `json:"setting"`
	Want    string `json:"want"`
	Have    string `json:"have"`
	Fatal   bool   `json:"fatal"` // the engine does not run on it
}

// String is the deviation as a line.
func (d Deviation) String() string {
	of := "topic " + d.Topic
	if d.Topic == "" {
		of = "cluster"
	}
	if d.Setting == existence {
		return of + " is missing"
	}
	return fmt.Sprintf("%s: %s is %s, want %s", of, d.Setting, d.Have, d.Want)
}

// existence is the setting of a topic that is not there.
const existence = "existence"

// Check names everything in which the topics differ from the table. An error says that the cluster did not answer.
func Check(ctx context.Context, admin *kadm.Client, table []Topic) ([]Deviation, error) {
	there, err := admin.ListTopics(ctx, names(table)...)
	if err != nil {
		return nil, fmt.Errorf("list topics: %w", err)
	}
	var all []Deviation
	var present []Topic
	for _, t := range table {
		detail := there[t.Name]
		if !there.Has(t.Name) {
			all = append(all, Deviation{t.Name, existence, "there", "missing", true})
			continue
		}
		if detail.Err != nil {
			return nil, fmt.Errorf("topic %s: %w", t.Name, detail.Err)
		}
		present = append(present, t)
		if n := int32(len(detail.Partitions)); n != t.Partitions && !t.Open {
			all = append(all, Deviation{t.Name, "number of partitions", fmt.Sprint(t.Partitions), fmt.Sprint(n), t.Fixed})
		}
	}
	settings, err := checkSettings(ctx, admin, present)
	return append(all, settings...), err
}

// checkSettings is the part of Check that is about topics that are there.
func checkSettings(ctx context.Context, admin *kadm.Client, present []Topic) (all []Deviation, err error) {
	if len(present) == 0 {
		return nil, nil
	}
	configs, err := admin.DescribeTopicConfigs(ctx, names(present)...)
	if err != nil {
		return nil, fmt.Errorf("settings of topics: %w", err)
	}
	for _, t := range present {
		c, err := configs.On(t.Name, nil)
		if err == nil {
			err = c.Err
		}
		if err != nil {
			return nil, fmt.Errorf("settings of topic %s: %w", t.Name, err)
		}
		all = append(all, t.deviations(c)...)
	}
	return all, nil
}

// deviations are those of the settings.
func (t Topic) deviations(c kadm.ResourceConfig) (all []Deviation) {
	have := map[string]string{}
	for _, kv := range c.Configs {
		have[kv.Key] = kv.MaybeValue()
	}
	if have[cleanupPolicy] != t.Cleanup {
		all = append(all, Deviation{t.Name, cleanupPolicy, t.Cleanup, have[cleanupPolicy], true})
	}
	if have[timestampType] != appendTime {
		all = append(all, Deviation{t.Name, timestampType, appendTime, have[timestampType], true})
	}
	if t.Retention > 0 {
		ms, err := strconv.ParseInt(have[retentionTime], 10, 64)
		if err != nil || ms >= 0 && ms < t.Retention.Milliseconds() {
			shown := have[retentionTime] + " ms"
			if err == nil {
				shown = (time.Duration(ms) * time.Millisecond).String()
			}
			all = append(all, Deviation{t.Name, retentionTime, t.Retention.String() + " or longer", shown, false})
		}
	}
	return all
}

// transactions is the least level of the cluster's transaction.version: below it, an EndTxn that is late or comes again
// can end a transaction that it does not belong to.
const transactions = 2

// CheckCluster names what the cluster lacks for exactly-once: its finalized transaction.version.
func CheckCluster(ctx context.Context, client *kgo.Client) ([]Deviation, error) {
	req := kmsg.NewPtrApiVersionsRequest()
	req.ClientSoftwareName, req.ClientSoftwareVersion = "abacus", "1"
	resp, err := req.RequestWith(ctx, client)
	if err == nil {
		err = kerr.ErrorForCode(resp.ErrorCode)
	}
	if err != nil {
		return nil, fmt.Errorf("features of the cluster: %w", err)
	}
	level := int16(0)
	for _, f := range resp.FinalizedFeatures {
		if f.Name == "transaction.version" {
			level = f.MaxVersionLevel
		}
	}
	if level >= transactions {
		return nil, nil
	}
	return []Deviation{{Setting: "transaction.version", Want: fmt.Sprintf("%d or more (Kafka 4)", transactions), Have: fmt.Sprint(level), Fatal: true}}, nil
}

// Refuse joins the deviations that the engine does not run on, nil if there are none.
func Refuse(all []Deviation) error {
	var faults []error
	for _, d := range all {
		if d.Fatal {
			faults = append(faults, errors.New(d.String()))
		}
	}
	return errors.Join(faults...)
}
