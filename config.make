cat << END                                                    >> $NGX_MAKEFILE

$NGX_OBJS/ngx_credhub_lua.h:	$ngx_addon_dir/tools/embed-lua \\
	\$(wildcard $ngx_addon_dir/src/store/lua/*.lua)
	sh $ngx_addon_dir/tools/embed-lua $ngx_addon_dir/src/store/lua \\
		> $NGX_OBJS/ngx_credhub_lua.tmp
	mv $NGX_OBJS/ngx_credhub_lua.tmp $NGX_OBJS/ngx_credhub_lua.h

END
