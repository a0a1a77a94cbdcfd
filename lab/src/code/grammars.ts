import { type GrammarToken, languages } from 'prism-code-editor/prism';
import 'prism-code-editor/prism/languages/javascript';
import 'prism-code-editor/prism/languages/wgsl';
import { insertBefore } from 'prism-code-editor/prism/utils';

// A template that holds a kernel is WGSL.
const template = languages.javascript['template-string'] as GrammarToken & { inside: typeof languages.javascript };
insertBefore(template.inside, 'string', { 'kernel-template': { pattern: /[\s\S]*@compute[\s\S]*/, inside: 'wgsl' } });
