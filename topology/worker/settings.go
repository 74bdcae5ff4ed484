package worker

import (
	"context"
	"strconv"
	"strings"

	"go.uber.org/zap"

	"github.com/abacus-stream/abacus/topology"
)

// A changelog that is there may delete what is still of use: rows, or deletions before a restore has come to them.
const (
	losesRows      = "a changelog loses rows that are of use"
	losesDeletions = "a changelog loses deletions that are of use, rows that were deleted may come back"
)

// checkSettings looks at the changelogs that were there already, and at the topics that tables are read from. What the
// broker deletes is missed only when a task is restored, so it is told loudly. It gives the tables' topics whose
// timestamps are times of append.
func (a *App) checkSettings(ctx context.Context, plans []plan, there map[string]int) (byAppend map[string]bool) {
	var checked []plan
	for _, p := range append(plans, a.tableSources()...) {
		if there[p.name] > 0 && p.changelog {
			checked = append(checked, p)
		}
	}
	byAppend = map[string]bool{}
	if len(checked) == 0 {
		return byAppend
	}
	var names []string
	for _, p := range checked {
		names = append(names, p.name)
	}
	have, err := a.admin.DescribeTopicConfigs(ctx, names...)
	if err != nil {
		a.log.Warn("settings of changelogs are not known", zap.Error(err))
		return byAppend
	}
	for _, p := range checked {
		c, err := have.On(p.name, nil)
		if err != nil || c.Err != nil {
			continue
		}
		now := map[string]string{}
		for _, kv := range c.Configs {
			now[kv.Key] = kv.MaybeValue()
		}
		byAppend[p.name] = now["message.timestamp.type"] == "LogAppendTime"
		if what, setting, want := p.misset(now); setting != "" {
			a.log.Error(what+": change the setting by kafka-configs.sh --alter --topic TOPIC --add-config SETTING=[VALUE]",
				zap.String("topic", p.name), zap.String("setting", setting), zap.String("is", now[setting]), zap.String("want", want))
		}
	}
	return byAppend
}

// tableSources are the topics that tables are read from, with what is needed of their settings.
func (a *App) tableSources() (sources []plan) {
	for _, sub := range a.topo.Subs {
		for _, store := range sub.Stores {
			if store.SourceTopic != "" {
				needed := map[string]*string{"delete.retention.ms": a.changelog(topology.Store{})["delete.retention.ms"]}
				sources = append(sources, plan{name: store.SourceTopic, configs: needed, changelog: true})
			}
		}
	}
	return sources
}

// misset is the setting by which a changelog deletes too much, what of, and what it has to be; empty where there is none.
func (p plan) misset(now map[string]string) (what, setting, want string) {
	policy, planned := now["cleanup.policy"], p.configs["cleanup.policy"]
	_, ages := p.configs["retention.ms"]
	switch {
	case planned != nil && !ages && strings.Contains(policy, "delete"):
		return losesRows, "cleanup.policy", *planned
	case ages && strings.Contains(policy, "delete") && p.shorter(now, "retention.ms"):
		return losesRows, "retention.ms", *p.configs["retention.ms"]
	case !ages && strings.Contains(policy, "compact") && p.shorter(now, "delete.retention.ms"):
		return losesDeletions, "delete.retention.ms", *p.configs["delete.retention.ms"]
	}
	return "", "", ""
}

// shorter says that a time in ms is shorter than it has to be; a negative one is without end.
func (p plan) shorter(now map[string]string, setting string) bool {
	least, _ := strconv.ParseInt(*p.configs[setting], 10, 64)
	is, err := strconv.ParseInt(now[setting], 10, 64)
	return err == nil && is >= 0 && is < least
}
