package registry

import (
	"fmt"
	"strings"

	"go.uber.org/zap"
)

// logger takes goka's lines into our log. They tell of its inner life: debug, but for what it calls an error.
type logger struct{ log *zap.Logger }

func (l logger) Print(words ...any)                 { l.line(fmt.Sprint(words...)) }
func (l logger) Println(words ...any)               { l.line(fmt.Sprintln(words...)) }
func (l logger) Printf(format string, words ...any) { l.line(fmt.Sprintf(format, words...)) }

func (l logger) line(text string) {
	text = strings.TrimSpace(text)
	if strings.Contains(strings.ToLower(text), "error") {
		l.log.Named("goka").Warn(text)
		return
	}
	l.log.Named("goka").Debug(text)
}
