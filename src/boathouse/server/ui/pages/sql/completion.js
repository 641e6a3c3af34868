// Completes governed names in a code editor. The editor's own words (those of SQL) come from its language; this adds one
// more source of completions to it. What there is, the server says: it asks as the signed-in principal.
const WAIT_MILLISECONDS = 4000;
const LONGEST_TEXT = 20000;

export default {
  template: `<span hidden></span>`,
  props: { of: Number, label: String },
  data: () => ({ asked: 0, waiting: {} }),
  async mounted() {
    const CM = await import("nicegui-codemirror");
    const component = getElement(this.of);
    const view = await component.editorPromise;
    const data = [{ autocomplete: (context) => this.complete(context) }]; // one function: a source is known by what it is
    view.dispatch({
      effects: CM.StateEffect.appendConfig.of([
        CM.EditorState.languageData.of(() => data),
        CM.EditorView.contentAttributes.of({ "aria-label": this.label }),
      ]),
    });
    const dress = () => component.setTheme(document.body.classList.contains("body--dark") ? "vscodeDark" : "vscodeLight");
    dress();
    this.observer = new MutationObserver(dress);
    this.observer.observe(document.body, { attributes: true, attributeFilter: ["class"] });
    component.$el.dataset.completes = "names";
  },
  unmounted() { this.observer?.disconnect(); },
  methods: {
    complete(context) {
      const word = context.matchBefore(/[\w`.]*/);
      if (!word || (word.text === "" && !context.explicit)) return null;
      const end = word.text.lastIndexOf(".");
      const number = ++this.asked;
      return new Promise((resolve) => {
        this.waiting[number] = resolve;
        setTimeout(() => this.answer(number, []), WAIT_MILLISECONDS);
        const text = context.state.doc.toString().slice(0, LONGEST_TEXT);
        this.$emit("complete", { number, path: word.text.slice(0, Math.max(0, end)).replaceAll("`", ""), text });
      }).then((options) => options.length ? { from: word.from + end + 1, options, validFor: /^[\w`]*$/ } : null);
    },
    answer(number, options) {
      this.waiting[number]?.(options);
      delete this.waiting[number];
    },
  },
};
