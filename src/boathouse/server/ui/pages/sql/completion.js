// Completes governed names in a code editor. The editor's own words (those of SQL) come from its language; this adds one
// more source of completions to it. What there is, the server says: it asks as the signed-in principal.
// What has been typed is kept in the tab, so that a page that loads itself again (a server that was restarted) has it.
const WAIT_MILLISECONDS = 4000;
const LONGEST_TEXT = 20000;
const DRAFT = "boathouse-sql-draft";

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
        CM.EditorView.updateListener.of((update) => update.docChanged && this.keep(update.state.doc.toString())),
      ]),
    });
    this.restore(view);
    const dress = () => component.setTheme(document.body.classList.contains("body--dark") ? "vscodeDark" : "vscodeLight");
    dress();
    this.observer = new MutationObserver(dress);
    this.observer.observe(document.body, { attributes: true, attributeFilter: ["class"] });
    component.$el.dataset.completes = "names";
  },
  unmounted() { this.observer?.disconnect(); },
  methods: {
    keep(text) {
      try {
        sessionStorage.setItem(DRAFT, JSON.stringify({ address: location.href, text }));
      } catch { /* more than the browser keeps: then it is not kept */ }
    },
    restore(view) {
      // Only when the same page is loaded again: whoever comes by a link means the text of the link.
      if (performance.getEntriesByType("navigation")[0]?.type !== "reload") return;
      const draft = JSON.parse(sessionStorage.getItem(DRAFT) ?? "null");
      if (draft?.address !== location.href || draft.text === view.state.doc.toString()) return;
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: draft.text } });
    },
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
