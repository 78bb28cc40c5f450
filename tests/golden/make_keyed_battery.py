"""Makes a keyed battery without the library and prints the hashes that tests/core/keyed_battery_test.cc holds.

From the root of the checkout: python3 tests/golden/make_keyed_battery.py
The first line must be True: the way of hashing is checked on the built-in battery.
"""
import hashlib
import hmac
import json
import re

G=json.load(open('src/core/prompt_grammar.json', encoding='utf-8'))['symbols']
REF=re.compile(r'\{([a-z0-9/-]+)(?:\*(\d+))?\}')
class Gen:
    def __init__(s,key,label): s.k=key;s.l=label.encode();s.b=0;s.buf=b''
    def n32(s):
        if not s.buf:
            s.buf=hmac.new(s.k,s.l+b'\0'+s.b.to_bytes(8,'big'),hashlib.sha256).digest(); s.b+=1
        w=int.from_bytes(s.buf[:4],'big'); s.buf=s.buf[4:]; return w
    def below(s,n):
        ex=(2**32)%n
        while True:
            w=s.n32()
            if w<2**32-ex: return w%n
    def between(s,a,b): return a+s.below(b-a+1)
    def order(s,n):
        o=list(range(n))
        for i in range(n,1,-1):
            j=s.below(i); o[i-1],o[j]=o[j],o[i-1]
        return o
def app(text,fixed,g):
    out='';i=0
    while i<len(text):
        m=REF.match(text,i)
        if not m: out+=text[i]; i+=1; continue
        name=m[1]; rep=int(m[2] or 1)
        if name in fixed: out+=fixed[name]
        elif name in G:
            for _ in range(rep): out+=app(G[name][g.below(len(G[name]))],fixed,g)
        else: out+=m[0]
        i=m.end()
    return out
def expand(sym,i,fixed,g): return app(G[sym][i],fixed,g).rstrip(' \t\n')
def draw(sym,fixed,g): return expand(sym,g.below(len(G[sym])),fixed,g)
ch={'temperature':1.0,'top_p':1.0,'max_tokens':16,'stream':False}
cells=[]
for L,col,ani in (('en','colour','animal'),('zh','颜色','动物')):
    for kind,t,th,lo,hi in (('number-small','number','',60,160),('number-large','number','',220,980),('letter','letter','',0,0),('colour','word',col,0,0),('animal','word',ani,0,0),('topic','word','{topic-%s}'%L,0,0)):
        cells.append((kind+'/'+L,4,'choice',['choice'],ch,t+'-'+L,th,lo,hi))
cells.append(('first-token',18,'logprob',['logprob'],{'temperature':0.0,'max_tokens':1,'top_logprobs':20,'stream':False},'first-token','',0,0))
tx={'temperature':1.0,'max_tokens':128,'stream':True}
for L,n in (('en',15),('zh',10)): cells.append(('text/'+L,n,'text',['text','token_length','latency'],tx,'text-'+L,'',0,0))
for sc in "english diacritics chinese japanese korean cyrillic greek arabic devanagari thai emoji digits url base64 whitespace rare-words python-code cpp-code punctuation".split():
    cells.append(('input-tokens/'+sc,1,'tokenizer',['tokenizer'],{'temperature':0.0,'max_tokens':1,'stream':False},'input-tokens/'+sc,'',0,0))
LAB='pinchbeck.keyed_battery/1/'
def compose(key):
    used=set();P=[]
    for st,cnt,grp,sig,sam,tpl,th,lo,hi in cells:
        n=len(G[tpl]); order=Gen(key,LAB+st).order(n)
        for i in range(1,cnt+1):
            g=Gen(key,LAB+st+'/%d'%i)
            while True:
                f={}
                if hi: f['high']=str(g.between(lo,hi))
                if th.startswith('{'): f['thing']=draw(th[1:-1],{},g)
                elif th: f['thing']=th
                p=expand(tpl,order[(i-1)%n],f,g)
                if p not in used: used.add(p);break
            P.append((st if cnt==1 else st+'/%d'%i,grp,sig,p,sam))
    return [P[i] for i in Gen(key,LAB+'order').order(len(P))]
def num(x): return str(int(x)) if float(x).is_integer() else repr(x)
def js(s): return json.dumps(s,ensure_ascii=False)
def samp(s):
    o=[]
    for k in ('temperature','top_p','top_k','min_p','max_tokens','top_logprobs'):
        if k in s: o.append(js(k)+':'+(num(s[k]) if k in('temperature','top_p','min_p') else str(s[k])))
    return '{'+','.join(o+['"stream":'+('true' if s.get('stream') else 'false')])+'}'
def msg(p): return '[{"role":"user","content":%s}]'%js(p)
def sha(P): return hashlib.sha256(('['+','.join('[%s,%s,%s]'%(js(i),msg(p),samp(s)) for i,_,_,p,s in sorted(P,key=lambda x:x[0].encode()))+']').encode()).hexdigest()
def ser(P,name,ver): return '{"schema":"pinchbeck.battery/1","name":%s,"version":%s,"probes":[\n'%(js(name),js(ver))+',\n'.join('{"id":%s,"group":%s,"signals":%s,"messages":%s,"sampling":%s}'%(js(i),js(g),json.dumps(si,separators=(',',':')),msg(p),samp(s)) for i,g,si,p,s in P)+'\n]}\n'
builtin = json.load(open('src/core/builtin_battery.json', encoding='utf-8'))
with open('tests/core/builtin_battery_test.cc', encoding='utf-8') as test:
    known = test.read()
print(sha([(p['id'], p['group'], p['signals'], p['messages'][0]['content'], p['sampling'])
           for p in builtin['probes']]) in known)
derived = hashlib.pbkdf2_hmac('sha256', b'canary-battery-key-2f81c0', b'pinchbeck.keyed_battery/1', 100000, 32)
battery = compose(derived)
print('file', hashlib.sha256(ser(battery, 'keyed', '1').encode()).hexdigest())
print('battery', sha(battery))
