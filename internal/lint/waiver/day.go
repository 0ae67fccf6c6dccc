package waiver

import (
	"fmt"
	"time"
)

// Day is a day of the calendar, which begins and ends in UTC. The zero Day is none.
type Day struct{ midnight time.Time }

const dayLayout = "2006-01-02"

// DayOf returns the day of a moment.
func DayOf(moment time.Time) Day { return Day{moment.UTC().Truncate(24 * time.Hour)} }

// ParseDay reads a day such as 2027-01-31. The error says how to write it.
func ParseDay(text string) (Day, error) {
	day, err := time.Parse(dayLayout, text)
	if err == nil {
		return Day{day}, nil
	}
	if nearest, ok := nearestDay(text); ok {
		return Day{}, fmt.Errorf("invalid day %q: write %s", text, nearest)
	}
	return Day{}, fmt.Errorf("invalid day %q: write year, month and day, such as 2027-01-31", text)
}

// nearestDay returns the day that a text in another form means. Of a day that its month does not have, it is the
// month's last. Forms in which day and month could be confused have none.
func nearestDay(text string) (Day, bool) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "20060102"} {
		if moment, err := time.Parse(layout, text); err == nil {
			return Day{time.Date(moment.Year(), moment.Month(), moment.Day(), 0, 0, 0, 0, time.UTC)}, true
		}
	}
	var year, month, day int
	for _, form := range []struct {
		layout string
		parts  []any
	}{
		{"%4d-%2d-%2d", []any{&year, &month, &day}}, {"%4d/%2d/%2d", []any{&year, &month, &day}},
		{"%4d.%2d.%2d", []any{&year, &month, &day}}, {"%2d.%2d.%4d", []any{&day, &month, &year}},
	} {
		if n, err := fmt.Sscanf(text+"\n", form.layout+"\n", form.parts...); err != nil || n != 3 {
			continue
		}
		if year < 1000 || month < 1 || month > 12 || day < 1 || day > 31 {
			continue
		}
		last := time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC)
		return Day{time.Date(year, time.Month(month), min(day, last.Day()), 0, 0, 0, 0, time.UTC)}, true
	}
	return Day{}, false
}

// String is the day as ParseDay reads it, empty for none.
func (d Day) String() string {
	if d.IsZero() {
		return ""
	}
	return d.midnight.Format(dayLayout)
}

// Midnight returns the moment at which the day begins.
func (d Day) Midnight() time.Time { return d.midnight }

// IsZero reports whether the day is none.
func (d Day) IsZero() bool { return d.midnight.IsZero() }

// DaysUntil returns how many days later another day is.
func (d Day) DaysUntil(other Day) int {
	return int(other.midnight.Sub(d.midnight) / (24 * time.Hour))
}

// Add returns the day so many days later.
func (d Day) Add(days int) Day { return Day{d.midnight.AddDate(0, 0, days)} }
