package main

import (
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// logFlag gives a command that runs for long its --log-level.
func logFlag(cmd *cobra.Command) {
	cmd.Flags().String("log-level", "info", "`debug|info|warn|error`")
}

// newLogger logs to the standard error of cmd: a line an event for people, with -o json a JSON object an event.
func newLogger(cmd *cobra.Command) (*zap.Logger, error) {
	name, err := cmd.Flags().GetString("log-level")
	if err != nil {
		return nil, err
	}
	level, err := zapcore.ParseLevel(name)
	if err != nil {
		return nil, usageError("--log-level %q: want debug, info, warn or error", name)
	}
	core := zapcore.NewCore(logEncoder(settingsOf(cmd).Output), sink(cmd.ErrOrStderr()), level)
	return zap.New(&calm{core, zapcore.NewSamplerWithOptions(core, calmFor, 1, 0)}), nil
}

// calmFor is how long the clients of Kafka do not repeat themselves: while a broker is away they try several times a
// second, and say so.
const calmFor = 10 * time.Second

// calm lets each line of the clients through once in a while, and all others always.
type calm struct {
	zapcore.Core
	seldom zapcore.Core
}

// With implements zapcore.Core.
func (c *calm) With(fields []zapcore.Field) zapcore.Core {
	return &calm{c.Core.With(fields), c.seldom.With(fields)}
}

// Check implements zapcore.Core.
func (c *calm) Check(entry zapcore.Entry, to *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if name := entry.LoggerName; name == "kgo" || strings.HasSuffix(name, ".goka") {
		return c.seldom.Check(entry, to)
	}
	return c.Core.Check(entry, to)
}

func logEncoder(output string) zapcore.Encoder {
	cfg := zapcore.EncoderConfig{
		TimeKey: "time", LevelKey: "level", NameKey: "logger", MessageKey: "message", LineEnding: "\n",
		EncodeTime: func(t time.Time, to zapcore.PrimitiveArrayEncoder) {
			to.AppendString(t.UTC().Format("2006-01-02T15:04:05.000Z"))
		},
		EncodeLevel: zapcore.LowercaseLevelEncoder, EncodeDuration: zapcore.StringDurationEncoder,
		EncodeName: zapcore.FullNameEncoder, ConsoleSeparator: "  ",
	}
	if output == jsonOutput {
		return zapcore.NewJSONEncoder(cfg)
	}
	return zapcore.NewConsoleEncoder(cfg)
}

// sink makes one line of one write, whoever logs.
func sink(w io.Writer) zapcore.WriteSyncer { return zapcore.Lock(zapcore.AddSync(w)) }
