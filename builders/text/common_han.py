"""How usual a character is in Chinese text, in bits: the evidence for telling encodings apart.

A reading of bytes as Chinese costs, for every character, minus the binary logarithm of its frequency. The right
encoding gives the cheapest reading by far, already for a handful of characters: 第一章 風起 costs 52 bits, the same
bytes in a wrong encoding 90 and more.
"""

from __future__ import annotations

import functools
import math
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# The key is the cost in bits (12: one character in 2**12 is this one); rarer ones are graded by character set below.
# Counted from the words and frequencies of jieba 0.42.1 (dict.txt, MIT licence), once as they are and once converted
# by OpenCC to the traditional forms of the mainland, Taiwan and Hong Kong. `count_common_han` makes it again.
COMMON_HAN = {
    6: "一",
    7: "不中了人和在大是有",
    8: "上下为主之也他以出到可国國地子家就年得成我民生的自行要这這道",
    9: (
        "三个事于些代们会但作你來個們全公其分制前力加化北十南去又发口只各合同名后城外多天她好如学學安定对對小"
        "山工已市平度建後心性想所手政文新方於日时明時最會月本来正此水法為然物理用發相看着第等者而能表西说起过"
        "通過那部都里重長长院面高"
    ),
    10: (
        "与世业东两么二五交产京什今从件任位体何使便保信做元先光入內兩共关兵内再军利动動区區原及反取受司向员命"
        "品員四回因基太头女委它实實将將少展州己常府开式当形很從情意或战戰才打技把指接提改放教斯族无更期机東果"
        "業機次武比江沒没河治活流海清湖無爲特王现現產由界當白百目直省真眼知石社神种科程種空立管米系經经美老至"
        "與色花著被見见解說走路身軍还进進還量金門開間關门间集頭首體麼"
    ),
    11: (
        "万且並义九书令企传似低住供依修倒候值傳像儿克兒党八六具农决几切列初別别副功务務包千半华即却卻县变古另"
        "叫台史号吃听告周商問器土场均型域報場境增士声处夫央失始字存完官客容密富察导導局居左巴布师帝带師席帶干"
        "并幾应底引张張強强影往律德必志快怎思总息感應房批找承投报拉招持按据推據支收故数整數料施旅早易星書曾服"
        "望朝木未术权李村条林查校样根格案條模樣權步死段每气氣求汉決洲派济消深游源漢濟火点照父片率球甚电病皇研"
        "破示称稱究突站笑算类精級素組結給統縣總级组结给统置義考职联聯聲職聽股育般若英華萬落處號血術裏規规言計"
        "記設話説論議變计议记论设话象資资越足跟農边达运近选速造運達選邊问队防除隊電需青非革音領題類领题風风食"
        "馬马黃黄黑點黨"
    ),
    12: (
        "七专严举久乎乐乡争互亚亞亮亲仅介仍价份伊众伯佈佔余例係俄假停備僅價兄充免兴典况冷准击刀划则创判刺刻則"
        "創劃办助势勝勢升单博占印历参參友双句召右否吧含吸呢味呼咱哈响哥哪唐啊善喜喝單嚴团围固图圍圖團坐堂备复"
        "夏夜奇姑姓威娘季孩守宋宗宜宝宣室宫宮害寶封射專尔尚尼层属層屬岸差希幹广序座庭康廣弟彩征待微忙念忽态怕"
        "急怪恩愛態慢户抗护括拿授掌排採探控擊攻效救敢散斗断斷旁既昌春显晚普景暗曲朱杀材杨松板极构架某标核桥植"
        "楊楚極構樂標橋止歷殺殿母毒毛毫永沉沙油沿況波注洋洞洪温港準满滿演激炮烈热熱營爭爱爾版牌牙牛状狀獨玉环"
        "班環田甲男留略痛登皮益眾督短确確祖票禁福离积移積穿竟章端答策節紀約紅索細終維網線編織續红约纪线织终续"
        "维编网罗罪羅群肉背胜胡臣致臺興舉航船良节苦范茶草药菜营蒙藏藥虽街衣装裝裡製襄視親覺觀观视觉角許試該認"
        "語調請證識警護讓认让许证识试该语请调負責費質賽负责质费赛超車較輕轉车转轻较辦迎远连述追退送逐連遇遊遠"
        "邦鄂鄉配酒采銀錢鐵钱铁银阳阿附际降限陵陽随際隨难雄雖雙離難雷露靠響項須顯项须飛飞餘香骨魚鱼龍龙"
    ),
    13: (
        "丁丈丰临丹乃乘习买乱乾亂予云亡亦享亿仁付仙伍伏休优伤伸佛佳侧侵促俗倍借偏健側傷僧億優兰养兼冒写冠冰冲"
        "减凡刑刘刚剑剛剧剩劇劉劍努劳勇勒勞医午协協卖卡卫危卷厂压厚叶吉吗君吳吴呀呈哭售唯唱啦喊喫嗎嘉嘴园困圈"
        "園址块坚坡坦埃執培堅塊塔塞墓壁壓够夠奉奏奔套奴奶妇妈妹妻姐婆婚婦媒媽孔孙孝孫宁宏审寒寧審寫寺尊尖尤尽"
        "尾屆届屋岁岛岩峰島崇川巧巨帮幅幫幸庆床店廠延廷异弄弱弹彈归录役徐徒御復徵忌忍忘忠怀怒恐恢患您惊愿慶懷"
        "截戶托执扩抓折抬抱抵抽担拍拔拜挑挥振捕换掉措換握揮援搜搞摩撤播操擔擴敌敏敗敬敵斤旋旗旧映昨晶智暖暴曰"
        "曹替朋朗末杂束杯析枪染柱树桂桃桌梁梅械检棉森楼概槍樓樹檢欢欧欲款歌歐歡歲歸殊殖毕汗池汽泉泛泥泰泽洗洛"
        "津测浪涉涓液淡混渐減渡測湘湾溫滑漸潮澤灣灰灵炸焦熟爆爷爹爺犯狐狗独猛献獲獻玩珍珠瑞瓦甘申画畢番畫異疑"
        "疾皆监盘盛盟盡監盤睛睡瞧矿础硬磁礎礦礼祥祭禮秀私秋秘秦童竹笔符筆筑简箭範篇築簡粉糖納紝紧紫累絕緊練繁"
        "繼纳练细绝继缺署羊羣習翻耳聚聞肥肯胞胸脑脚脱脸腦腳腹腿臉臨舊舞艺苏苗荆荊荷莫获葉董藝蘇蘭虎蛋融衆衛衝"
        "衡补袁裁裂補覆訓訴評詞詩誰談講讀训讲评诉词诗读谁谈谷豆豐貌財貨貴買賣購财败货贵赶趕趣跑距跳軟載輪輯輸"
        "轄轮软载辑输辖辛迅迫迷适逃透途遍遗適遭遺避郎郡郭酸醒醫野銷錄錯鎮钟销错镇闻阵阶阻陆陈陣险陳陷陸隆階隔"
        "障險雅雕雜雨雪雲零震靈静靜頂順預額願顧顶顺顾预额飯養館饭馆驗驚验鬥鬼魏鮮鲜鹿麻黎默鼓齊齐"
    ),
    14: (
        "丘丝丽乌乏乙乳井亩亭仇仗仪仰仿伐伙伟伦估伴佩侍侯俊俘俱倘倫倾偉偶偷傅储催傾儀儘儲允冬冶净凌凝凤凭函刊"
        "刷券剂剉削割劑劲勁勤勾匆匠匯匹卒卵厅叔叛叹吊吏吐吞吨启吹吾呆咬咸哩哲嘛噸囊圆圓圣坊坏坛垂垸埋堆堡堤堪"
        "堰塑填墙墨壇壞壤壮壯夢夥夺奈奋奖奥奧奪奮奸妃妖妙姆姊娃娜嫩孟孤宇宪宽宿寄寡寨寬寸寻尋尸尺尿屈屍屏岗岭"
        "岳峡峯峽崗嶺巡币幕幣幼幽庄库庙废庫廊廟廢廳弃弦彻彼径徑循徹徽怨恨恭恰恶悄悉悟悠悲惜惠惡愁愈慈慌慕慧慮"
        "慰憑憲懂戏戒戲戴扇扎扣扬扯扶抢披拆拒拖拥择拱拳拼拾挂挖挺捉损捷掘掛掩描插揚揭損搖搬搭搶摆摇摸撒撞擁擇"
        "擦擺敦斜旦旨昆昏晃晉晋晨曼朵杆杖杜杭枚枝柏柔柳柴桑梦梯棄棋棒棺榜榮横橫欺歇残殑殘殷毁氏氧氨汇污汤汪沈"
        "沖沟泊泡泪浙浜浠浩浮润淚淨淮添渠湯溝溪溶滅滋滴漏漠漫潛潜潤澳灌灭灯炎炒烏烟烤烧煙煤熊熙燃燈燒燕爬爸牀"
        "牆牢牧牲狂狠狼猜獎玄琴璃瓜瓶甜畜畝疆疏疗疼症療癌盆盈盐盖盾眉瞎瞭矛码砍碎碑碗碰碼磨祝秉秒租稀稍税稳稿"
        "穆穩穴窗竞競筋签箱簽籍粒粗粮糊糕糧純紙紛紡紹絡絲綜綠緣緩縮縱績繞繫纯纵纷纸纺绍绕络绩综绿缓缘缩罢罵罷"
        "羽翼耀耐耕耗耶聖聘肌肚肝肩胆胎胖脂脈脉脊脫腐腔腰膜膽臂舌舍舒舰艇艘艦芳茅荒荣莊莲菌菲萨葬蒸蓋蓮薄薩薪"
        "藕藻虑虚虛虫蛇蟲衙衞衰袋袖複覽览触觸訂訊討訪詢誉誤課諸諾謀謂謝譽订讨讯访询误诸诺课谋谓谢豪豫貝貢貧貫"
        "貼貿賊賞贝贡贫购贯贴贸贼赏赞赤赫赴赵趙跃跌跨跪踏躍躲輩辈辣辨辱辽迁返迪迹逆週逼遂遣遵遷遼邀郊醉释釋針"
        "銅銆鋒鋪鋼錛鍋鍾鏈鏡鐘鐨针钢铜铺锋锛镜閃閉閣闊闖闪闭闯闹阁阴陪陰陶隐隱隻雞霍靖鞋鞭韋韓韦韩頁頓頻页顿"
        "频飲餐饮駐騎驻骂骑鬧魂魔魯鲁鳳鸡鹽麗麥麦鼻齡龄"
    ),
    15: (
        "丐丛丞丟丢丧丫串丸乔乖亏亥仔仲佐併佸侄侠俞俠俩俯俺倆倡债偿傑傲債傻僚僭僵儒償兀兆兇兑兽冈冊册冤凉凯凱"
        "凶刃刮剝剥剪剿劈劝劣劫励勃勉勵勸匈匪匾卑卓卜卢卦卧卸卿厉厘厲叉叙叢叩吓吟吩吵吻呵咐咨咳咽哀哄哊哦哨哼"
        "唇唉唤啓啥喀喂喇喉喘喚喪喬喷喻嗣嗯嘆嘻嘿噴嚇圳坑坤堵塗塘塵墩壳壽夕夷夸夹夾契奠妄妥妨姚姜姨姻姿娶媳嫁"
        "嫂嫌孕宅宙宛宰宴宸宾寂寓寰寿尉尘尝尹屁屠履屯屼屽屾岂岡峻崖崩嶽巖巢巷巾帅帐帕帖帥帳帽幺幻庵庸廉弓弗弥"
        "弯彎彪彭忧怔怖恆恋恒悔悬惑惟惧惨惯惹愚愣愤愧慎慘慣慨憂憤懸懼戀戈戚扁扑扔扫扭扮扰抄抑抖抚抹押拐拓拟拦"
        "拨挡挤挨挪挽捏捐捧掀掃掏掠搏携摄摔摘撕撥撫撰撲擅擋擒擠擬擾攀攔攜攝敲斌斑斥旬旭旱旺昂昔昭晌晓晴暂暢暫"
        "曆曉朕杉杰枕枢枯柄柯栏株栽桐档梨棍棚棣椅椒槸槽樊樞檐檔欄欠欣歪殼毀毅氛氯汁汝沃沔沸泄泌泳洁浅浑浓浣浦"
        "浸涂涌涔涨涯涵涼淋淺渔渴渾湧湿溜溼滚滩滾漁漂漆漲潔潘潭澶濃灘災灾炉炬炭炼烂烦焚焰煉煌煎煩煮熔燥爐爛爪"
        "爵爽牵牽犹狮狱猎猪猴猶獄獅獵獸玻珊珞琉琦瑜璇璋瓷甫甸畅畏疫疲痕瘤瘦盒盗盜盧盯盲盼眠瞪瞬矣矩矮砂砖砸硅"
        "硫碍碧碳磕磚磷礙祀祕祸禍禦禧禽秩稅稷稻穷窄窝窟窩窮竭竴笉笼筒筹篮籃籌籠粑粘糟糾紋紐綱緒緯縫繡繪纖纠纤"
        "纬纲纹纽绘绣绪缝罐罕罚罩罰羞翁翅翠翰聊肃肅肆肖肠肢肤肺肿胁胃胶脅脆脏脖脾腊腕腫腸腺腾膀膏膚膝膠膨臘臭"
        "舅舟舵艰艱艾芒芙芝芬芯苯茂茨茫荐荡莱菱萄萊葛葡蒂蒋蒲蓄蓉蓝蓬蔡蔣蔬蕩薛薦藉藍虧虹蜀蜂蜜螺衍衫衷袍袭裕"
        "裹襲託診詔詳誌誓誠諮譜譯诊诏译诚详谱豈豬豹貸賀賈賓賢賦賴贊贏贤贷贺贾赋赖赢趁趋趨跡践踐踢踪蹄蹈蹟蹤躺"
        "軌軸輔輛輝轟轨轰轴辅辆辉辞辟辩辭辯辰违迟迴递逝逢逸違遞遮遲邓邪邮邻郁郑郵鄧鄭鄰酬酷醇釐鈥鉴錦錫鍒鍙鍚"
        "鍛鍦鍵鎖鏄鑑鑽钻链锁锅锡锦键閒閱閲闆闲阅阔陀陕陛陝隋隙隶隸雀雁雌雾霖霜霞霧霸頃頒頗顆顏顷颁颇颗颜飄飘"
        "飾饰馳駕騙騰驅驰驱驾骗髮鬆鳥鳴鴻鶴鸟鸣鸿麋鼎鼠齒齿"
    ),
    16: (
        "丑丙乞亢亨仆仓仕伞伪伺伽佃佑佣侗侦侨侮倉倚倦倪偵偽傍傗傘傚傛傢傭僑僕僱僻兌兔兜兹冀冥冯冻凍凑凰凳凸凹"
        "剅剌剎剖勋勘募勫勬勳勻勿匀匕匙匣卞厄厌厢厥厦厨厭厮叠叮吁吕吼呂咀咋咒咕咖咧哇哎哑哺唬啞啟啡啪喃喧嗓嗗"
        "嗚嗡嗤嗽嘗嘱嘲噪嚷嚼囑囚圭圾坎坝坟坪垃垄垜垣垮埔堝塌墜墟墮墳壟壩壶壺夊奕奢妓妾姥娇娛娟娥娱婉婢婴婶媚"
        "嫣嬌嬪嬰嬸孃孢宠宦宵寇寮寵尬屑屡屢岀岃岔岱峨崔嵋嵌嵩嶅巍巩巫帆庇庞庶廂廈廚廝弊弘弧弼彌彙彝彬彰彷彿徙"
        "忆怜怠怡怯恍恕恥恼悍悦悶惕惩惱惶愉慷慾憐憶憾懈懲戟戳扒扳抒抛拂拇拈拋拌拘拚拽挣挫捆捞捣捨捲掙掷揉揖揪"
        "搗摊摧摺撇撈撐撑撮撼擲攤敘敝敞敷斋斐斟斡斧斩斬旷昇昧晒晕晰暇暈暑暮曙曠曬朴朽杈杏杩枉枣柜柬栖栗框桓桶"
        "梓梗梢梭梳棕棗棘棱棲棵椎楠榨榪榴槐樑樸橙橡檀櫃欽歉歧歹歼殲毯氢氫氮汙汛汞汰沅沐沛沪沫沼沽沾泣泵泼洒浆"
        "浴涅涛淀淑淘淤淫淳淵淹渊渗渝湁湊湛湪湴溃溉溢溯滄滇滔滞滨滬滯滲漕漳漿潑潰澄濂濕濤濱瀑瀛瀹灏灑灝灞灶灼"
        "炕炯炳烘烛烯烷烹焉焕煞煥熬燭牡牴牺犁犧犬狄狭狹猫猿玛玫玲琛琢琳瑕瑙瑚瑟瑤瑪瑰瑶璁璧瓣甩畔畴疇疊疯痰痴"
        "瘋皋皖皱皺盃盔盪眨眷睁睜睦睹睿瞄瞅瞒瞞瞥瞻矢砌砰硕硝碌碟碩碱碾礁祁祈祠祯祺祿禀禄禅禎禪禹禾稟稼稽穀窑"
        "窖窯竖笅笛笨筷篘篷簇簿粟粥粬粹糯紗紮絮綘綢綿締緻縛繕繖繩繳纏纔纱绳绵绸缔缚缠缴缸羌羲羹翊翔耍耻耽耿聪"
        "聰肇肪肴肾胀胚胳胺脹腎腑腥膊膛膳臟臥舆舱舶艙艳芋芦芷芽苍苑苔苕茎茲莉莎莖莽菇菊菩菸萌萍萧萼葫葱蒼蒿蔗"
        "蔽蕃蕉蕭蕴薇薯藤藩蘆虏虜虞虾蚀蛙蛛蛮蜡蝕蝦蝶蟹蠟蠡蠢蠻衔衢袱裔裘裙裤裸褐褲襟訟註詹誇誕誘誼諒諧諲謙謹"
        "譚讚讼诞诱谅谊谐谦谨谭豁豎豔豚貓貞販貪賜賠賬賭賺贈贞账贩贪赌赐赔赚赠赦趟跋跺踩蹇蹲躁躬軒輻輿轎轩轿辐"
        "辜迄迈迦迭逊逍逕逗逛逮逵逻逾遏遙遜遥邁邏邑邢邵郝郢郧鄖鄙酚酥酶醋醜釘釜鈞鈴鉛銘銜銳錘鍊鍏鍐鍑鍔鍗鍥鎊"
        "鎬鎴鎵鏂鏃鏉鐗鐪鑄鑰钉钦钧钩铃铅铭铸锐锻镑閥闃闕闡闢闷阀阐阙阜阮陂陋陌陡隅隧雇雍霉鞍鞏鞘韵韻頑頸顛顫"
        "顽颈颠颤飼飽餅餓餚饒饥饱饲饶饼饿馮駛駝驟驶驼骤髓鬱魁魄魅魦鰭鱗鳍鳞鴉鴨鵝鵬鷹鸦鸭鹅鹏鹤鹰鹼麓麪黔齋龐"
        "龜龟"
    ),
}


def count_common_han(dictionary: Iterable[str]) -> dict[int, str]:
    """Make `COMMON_HAN` from the lines of jieba's dict.txt (`word frequency part-of-speech`)."""
    import opencc

    entries = [line.split(" ") for line in dictionary]
    words = "\n".join(entry[0] for entry in entries)
    counts: Counter[str] = Counter()
    for conversion, weight in (("", 3), ("s2t", 1), ("s2tw", 1), ("s2hk", 1)):
        converted = opencc.OpenCC(conversion).convert(words) if conversion else words
        for word, entry in zip(converted.split("\n"), entries, strict=True):
            for character in word:
                if "\u4e00" <= character <= "\u9fff":
                    counts[character] += weight * int(entry[1])
    table: dict[int, list[str]] = {}
    for character, count in counts.items():
        table.setdefault(round(math.log2(counts.total() / count)), []).append(character)
    return {bits: "".join(sorted(table[bits])) for bits in sorted(table) if bits <= max(COMMON_HAN)}


BEYOND = 0x10000  # stands for every character beyond the basic plane

# The cost in bits of all else, by first and last code point; a later row overrules an earlier one.
_RANGES = (
    (0x0000, BEYOND, 20),
    (0x0000, 0x001F, 22),  # control characters are hardly text, and U+0000 is none at all
    (0x0000, 0x0000, 30),
    (0x0020, 0x007E, 11),  # rare ASCII marks, then digits, capitals and small letters
    (0x0030, 0x0039, 7),
    (0x0041, 0x005A, 8),
    (0x0061, 0x007A, 7),
    (0x007F, 0x009F, 30),
    (0x00A0, 0x00FF, 12),
    (0x0370, 0x1CFF, 17),  # other living scripts: rare in Chinese, but text
    (0xAC00, 0xD7A3, 17),
    (0x2000, 0x27BF, 15),
    (0x3000, 0x303F, 11),
    (0x3040, 0x309F, 13),
    (0x30A0, 0x30FF, 16),
    (0x3400, 0x4DBF, 23),
    (0x4E00, 0x9FFF, 22),
    (0xD800, 0xDFFF, 30),  # halves of surrogate pairs: a lost byte where one stands alone
    (0xE000, 0xF8FF, 26),  # private use
    (0xF900, 0xFAFF, 23),
    (0xFF01, 0xFF5E, 11),
    (0xFF61, 0xFF9F, 15),
    (0xFFFE, 0xFFFF, 30),
    (BEYOND, BEYOND, 23),
)
_MARKS = {
    5: " \n\r\t",
    6: "，。、：；？！“”‘’「」『』《》（）…—\u3000",
    8: ",.:;?!'\"()-[]/=*#_%&+<>",
    30: "\ufffd\ufeff",
}
# What a double-byte standard holds in its first and in its second level, less what is common: codec, lead bytes, cost.
_LEVELS = (
    ("big5", range(0xC9, 0xFA), 19),
    ("gb2312", range(0xD8, 0xF8), 19),
    ("big5", range(0xA4, 0xC7), 17),
    ("gb2312", range(0xB0, 0xD8), 17),
)


@functools.cache
def bits_by_code_point() -> NDArray[np.uint8]:
    """The cost in bits of every character of the basic plane, and in the last place that of all beyond it."""
    import numpy as np

    table = np.zeros(BEYOND + 1, np.uint8)
    for first, last, bits in _RANGES:
        table[first : last + 1] = bits
    for codec, lead_bytes, bits in _LEVELS:
        pairs = (bytes((lead, trail)) for lead in lead_bytes for trail in range(0x40, 0xFF))
        characters = (pair.decode(codec, "ignore") for pair in pairs)
        table[[ord(character) for character in characters if "\u4e00" <= character <= "\u9fff"]] = bits
    for graded in (COMMON_HAN, _MARKS):
        for bits, members in graded.items():
            table[[ord(character) for character in members]] = bits
    return table


def code_points_of(text: str) -> NDArray[np.uint32]:
    """The code points of a text, unpaired surrogates among them."""
    import numpy as np

    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")


def bits_of_each(code_points: NDArray[np.integer[Any]]) -> NDArray[np.uint8]:
    """The cost of every character."""
    return bits_by_code_point().take(code_points, mode="clip")


def bits_of(text: str) -> int:
    """The cost of a whole text: `bits_of("第一章")` is 27, `bits_of("碌脷脪禄")` 76."""
    return int(bits_of_each(code_points_of(text)).sum())
