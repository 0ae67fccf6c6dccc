package webhook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
)

// decisionLog logs decisions, and never the content of objects.
type decisionLog struct {
	*slog.Logger
	allowed bool // also log reviews that are allowed without a warning

	lock      sync.Mutex
	throttled map[string]*throttled // by message
}

func newDecisionLog(log *slog.Logger, allowed bool) *decisionLog {
	return &decisionLog{Logger: log, allowed: allowed, throttled: map[string]*throttled{}}
}

// throttled are the suppressed lines of one message that any client can cause.
type throttled struct {
	waiting    bool // a line was written less than logInterval ago
	times      int  // lines that were not written since
	level      slog.Level
	attributes []slog.Attr // of the last of them
}

func (l *decisionLog) decided(r *http.Request, request *admissionv1.AdmissionRequest, d *Decision, duration time.Duration) {
	if d.Verdict == Allowed && d.Failed == nil && len(d.Waived) == 0 && !l.allowed {
		return
	}
	attributes := []slog.Attr{
		clientString("uid", string(request.UID)),
		slog.String("verdict", string(d.Verdict)),
		slog.Any("rules", d.Rules),
		clientString("operation", string(request.Operation)),
		clientString("group", request.Kind.Group),
		clientString("version", request.Kind.Version),
		clientString("kind", request.Kind.Kind),
		clientString("namespace", request.Namespace),
		clientString("name", request.Name),
		clientString("user", request.UserInfo.Username),
		slog.Bool("dry_run", request.DryRun != nil && *request.DryRun),
		slog.Float64("duration_ms", float64(duration.Microseconds())/1000),
	}
	if request.SubResource != "" {
		attributes = append(attributes, clientString("subresource", request.SubResource))
	}
	if len(d.Exempted) > 0 {
		attributes = append(attributes, slog.Any("exempted", d.exemptedLines()))
	}
	if len(d.Waived) > 0 {
		attributes = append(attributes, slog.Any("waived", d.waivedLines()))
	}
	level := slog.LevelInfo
	if d.Failed != nil {
		level = slog.LevelError
		attributes = append(attributes, slog.String("failed", truncate(d.Failed.Error(), maxLine)))
	}
	l.LogAttrs(r.Context(), level, "review", append(attributes, trace(r)...)...)
}

// exemptedLines returns rule and reason of each exempted error, with the number if there are several.
func (d *Decision) exemptedLines() []string {
	lines := make([]string, len(d.Exempted))
	for i, exempted := range d.Exempted {
		lines[i] = exempted.Rule + " " + string(exempted.Reason)
	}
	return counted(lines)
}

// waivedLines are rule and waiver of each waived finding, with a number where there are several.
func (d *Decision) waivedLines() []string {
	lines := make([]string, len(d.Waived))
	for i, waived := range d.Waived {
		lines[i] = waived.Rule + " " + waived.Waiver
	}
	return counted(lines)
}

// counted returns each line once, with its number where it is there several times.
func counted(lines []string) []string {
	count := map[string]int{}
	var each []string
	for _, line := range lines {
		if count[line]++; count[line] == 1 {
			each = append(each, line)
		}
	}
	for i, line := range each {
		if count[line] > 1 {
			each[i] += fmt.Sprintf(" (%d)", count[line])
		}
	}
	return each
}

// logInterval is the minimum time between two lines of a throttled message.
const logInterval = time.Second

// throttle writes a line at once. Lines within the next logInterval become one line at its end, with the attributes
// of the last one and their number.
func (l *decisionLog) throttle(level slog.Level, message string, attributes ...slog.Attr) {
	l.lock.Lock()
	defer l.lock.Unlock()
	lines := l.throttled[message]
	if lines == nil {
		lines = &throttled{}
		l.throttled[message] = lines
	}
	lines.times++
	lines.level, lines.attributes = level, attributes
	if !lines.waiting {
		l.flush(message, lines)
	}
}

// flush writes the suppressed lines. The caller holds the lock.
func (l *decisionLog) flush(message string, lines *throttled) {
	if lines.waiting = lines.times > 0; !lines.waiting {
		return
	}
	l.LogAttrs(context.Background(), lines.level, message, append(slices.Clip(lines.attributes), slog.Int("times", lines.times))...)
	lines.times, lines.attributes = 0, nil
	time.AfterFunc(logInterval, func() {
		l.lock.Lock()
		defer l.lock.Unlock()
		l.flush(message, lines)
	})
}

// Write logs a line of http.Server's own log.
func (l *decisionLog) Write(line []byte) (int, error) {
	l.throttle(slog.LevelWarn, "connection failed", slog.String("error", truncate(strings.TrimSpace(string(line)), maxLine)))
	return len(line), nil
}

// maxClientString is the length in characters of a logged string of a request. Names in Kubernetes have at most 253.
const maxClientString = 512

// clientString is a string of a request, which any client can choose.
func clientString(key, text string) slog.Attr {
	return slog.String(key, truncate(text, maxClientString))
}

// failed logs that a request ended without a verdict. Internal errors of a review have a line each; any client can
// cause the others.
func (l *decisionLog) failed(x *exchange, code int, err error) {
	attributes := append([]slog.Attr{
		slog.Int("code", code), slog.String("error", truncate(err.Error(), maxLine)),
		slog.String("from", x.RemoteAddr), slog.Bool("known", x.known()),
	}, trace(x.Request)...)
	switch {
	case errors.Is(err, errShed):
		l.throttle(slog.LevelWarn, "reviews shed: too many in flight", attributes...)
	case errors.Is(err, errLate), errors.Is(err, errNoTurn):
		l.throttle(slog.LevelWarn, "reviews late: they timed out", attributes...)
	case code == statusGone:
		l.throttle(slog.LevelWarn, "the client gave up before its answer", attributes...)
	case code == http.StatusForbidden:
		l.throttle(slog.LevelWarn, "rejected a client that is not the API server", attributes...)
	case code >= http.StatusInternalServerError:
		l.LogAttrs(x.Context(), slog.LevelError, "no verdict", attributes...)
	default:
		l.throttle(slog.LevelWarn, "no verdict", attributes...)
	}
}

func (l *decisionLog) panicked(r *http.Request, fault any, stack []byte) {
	l.LogAttrs(r.Context(), slog.LevelError, "panic", append([]slog.Attr{slog.String("fault", fmt.Sprint(fault)), slog.String("stack", string(stack))}, trace(r)...)...)
}

// traceparent matches the header of https://www.w3.org/TR/trace-context.
var traceparent = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$`)
})

// trace identifies the API server's trace to which the request belongs.
func trace(r *http.Request) []slog.Attr {
	match := traceparent().FindStringSubmatch(r.Header.Get("Traceparent"))
	if match == nil {
		return nil
	}
	return []slog.Attr{slog.String("trace_id", match[1]), slog.String("span_id", match[2])}
}
