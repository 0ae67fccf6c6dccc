package suggest

import "testing"

func TestNearest(t *testing.T) {
	names := []string{"text", "json", "gpu-web-service", "gpu-batch-scoring", "memory"}
	for name, want := range map[string]string{
		"jsn": "json", "josn": "json", "JSON": "json", "xml": "", "gpu_web_service": "gpu-web-service",
		"gpu-web": "gpu-web-service", "gpu-": "", "memroy": "memory", "": "", "x": "", "sarif": "",
	} {
		if got := Nearest(name, names); got != want {
			t.Errorf("nearest of %q is %q, want %q", name, got, want)
		}
	}
}
