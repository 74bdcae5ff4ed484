package worker

import (
	"context"
	"strconv"
	"strings"

	"go.uber.org/zap"
)

// checkSettings looks at the changelogs that were there already. One that deletes what is still of use is told loudly:
// what the broker deletes is missed only when a task is restored.
func (a *App) checkSettings(ctx context.Context, plans []plan, there map[string]int) {
	var names []string
	for _, p := range plans {
		if there[p.name] > 0 && p.changelog {
			names = append(names, p.name)
		}
	}
	if len(names) == 0 {
		return
	}
	have, err := a.admin.DescribeTopicConfigs(ctx, names...)
	if err != nil {
		a.log.Warn("settings of changelogs are not known", zap.Error(err))
		return
	}
	for _, p := range plans {
		c, err := have.On(p.name, nil)
		if err != nil || c.Err != nil {
			continue
		}
		now := map[string]string{}
		for _, kv := range c.Configs {
			now[kv.Key] = kv.MaybeValue()
		}
		if setting, want := p.misset(now); setting != "" {
			a.log.Error("a changelog loses rows that are of use: change the setting by kafka-configs.sh --alter --topic TOPIC --add-config SETTING=[VALUE]",
				zap.String("topic", p.name), zap.String("setting", setting), zap.String("is", now[setting]), zap.String("want", want))
		}
	}
}

// misset is the setting by which a changelog deletes too much, and what it has to be; empty where there is none.
func (p plan) misset(now map[string]string) (setting, want string) {
	if !strings.Contains(now["cleanup.policy"], "delete") {
		return "", ""
	}
	wanted, deletes := p.configs["retention.ms"]
	if !deletes {
		return "cleanup.policy", *p.configs["cleanup.policy"]
	}
	least, _ := strconv.ParseInt(*wanted, 10, 64)
	if kept, err := strconv.ParseInt(now["retention.ms"], 10, 64); err == nil && kept >= 0 && kept < least {
		return "retention.ms", *wanted
	}
	return "", ""
}
